import Foundation
import Hummingbird

extension Response {
  init(_ type: String, _ bytes: ByteBuffer) {
    self.init(status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: bytes))
  }

  init(json value: some Encodable) { self.init(MediaType.json, ByteBuffer(json: value)) }
}

extension ByteBuffer {
  /// JSON as all answers are written: numbers that are not finite as text. `JSONFile.line` would also escape the slashes
  /// of base64, and most of an answer is base64.
  init(json value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // What is encoded here are values of this module, all of which JSON can hold.
    self.init(data: try! encoder.encode(value))
  }
}
