// A program of its own that uses the libraries: a small Glow with fresh weights encodes images and decodes them again.
import FlowModels
import Torch

let model = try Glow(GlowConfiguration(height: 8, width: 8, channels: 3, levels: 2, steps: 4, hidden: 16))
let images = try Tensor.uniform([16, 8, 8, 3], using: Generator(seed: 1)) - 0.5
try model.initialize(from: images)

let latents = try model.encode(images)
let back = try model.decode(latents)
let difference = try (back - images).magnitude().maximum().item()
print("latents: \(latents.levels.map(\.shape)); largest difference after the round trip: \(difference)")
precondition(difference < 1e-4, "decoding does not undo encoding")
