import Files
import Foundation
import Imaging

/// What requests of `/openapi.json` hold, small and taken by every model.
extension Studio {
  /// A picture of a few pixels, brighter to the right and below; the server fits it to the model.
  var exampleImage: JSONValue {
    let (side, channels) = (8, model.description.channels)
    let pixels = (0..<side * side * channels).map { UInt8(16 * (($0 / channels) % side + $0 / channels / side)) }
    let picture = PixelImage(width: side, height: side, channels: channels, pixels: pixels)
    return ["data": .string((try? picture.png().base64EncodedString()) ?? "")]
  }

  private static let mostExampleNumbers = 4096

  /// The latents of one image, all 0, as safetensors in base64; nil where they would make the description long.
  var exampleLatents: JSONValue? {
    let description = model.description
    guard description.latentShapes.reduce(0, { $0 + $1.reduce(1, *) }) <= Self.mostExampleNumbers else { return nil }
    var header: [String: JSONValue] = [:]
    var size = 0
    func add(_ name: String, _ type: String, _ shape: [Int], bytes: Int) {
      let end = size + shape.reduce(bytes, *)
      header[name] = [
        "dtype": .string(type), "shape": .array(shape.map { .number(Double($0)) }),
        "data_offsets": [.number(Double(size)), .number(Double(end))],
      ]
      size = end
    }
    if !description.labels.isEmpty { add("labels", "I64", [1], bytes: 8) }
    for (index, shape) in description.latentShapes.enumerated() {
      add("level\(index + 1)", "F32", [1] + shape, bytes: 4)
    }
    guard let json = try? JSONEncoder().encode(JSONValue.object(header)) else { return nil }
    let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    return .string((length + json + Data(count: size)).base64EncodedString())
  }
}
