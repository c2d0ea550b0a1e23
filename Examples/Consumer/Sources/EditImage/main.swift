// Edits a picture: EditImage MODEL ATTRIBUTES PICTURE ATTRIBUTE STRENGTH OUT
import Foundation
import Imaging
import Inference

let words = CommandLine.arguments
let model = try await ImageModel(words[1], attributes: URL(filePath: words[2]))
let picture = try PixelImage(contentsOf: URL(filePath: words[3]))
let edited = try await model.edit([picture], by: [words[4]: Double(words[5])!])[0]
try PixelImage.strip([model.fitted(picture).picture, edited]).writePNG(to: URL(filePath: words[6]))
