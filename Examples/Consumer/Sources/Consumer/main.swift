// A program of its own that uses the libraries: it samples the shipped model, scores and encodes what it drew, and decodes
// that again. Run it in the repository's folder.
import FlowModels
import Foundation
import Torch

let glow = try ModelFolder.read(URL(filePath: "Models/fashion-mnist"), as: Glow.self)
let sneakers = try Tensor([7, 7])
let x = try glow.sample(count: 2, temperature: 0.7, labels: sneakers, seed: 1)  // [2, 28, 28, 1]
let bits = try glow.bitsPerDimension(x, labels: sneakers)  // [2]
let between = try glow.interpolate(x[..<1], x[1...], steps: 9, labels: sneakers)

let latents = try glow.encode(x, labels: sneakers)
let difference = try (glow.decode(latents, labels: sneakers) - x).magnitude().maximum().item()
print("bits/dim \(try bits.elements(Double.self)), between them \(between.shape)")
print("latents \(latents.levels.map(\.shape)), largest difference after the round trip \(difference)")
precondition(difference < 1e-4, "decoding does not undo encoding")
