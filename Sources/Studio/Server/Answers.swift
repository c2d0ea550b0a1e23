import Files
import Foundation
import HTTPTypes
import Hummingbird

extension Response {
  init(_ type: String, _ bytes: ByteBuffer) {
    self.init(status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: bytes))
  }

  init(json value: some Encodable) { self.init(MediaType.json, ByteBuffer(json: value)) }
}

extension HTTPFields {
  /// Of a stream of events, which nginx passes on as they come.
  static let events: HTTPFields = [.contentType: MediaType.events, HTTPField.Name("X-Accel-Buffering")!: "no"]
}

extension ByteBuffer {
  /// A server-sent event.
  static func event(_ name: String, _ data: ByteBuffer) -> ByteBuffer {
    ByteBuffer(string: "event: \(name)\ndata: \(String(buffer: data))\n\n")
  }

  /// JSON as all answers are written.
  init(json value: some Encodable) {
    // What is encoded here are values of this module, all of which JSON can hold.
    self.init(data: try! JSONFile.line(value))
  }
}

extension StudioContext {
  private static let writePatience = Duration.seconds(10)

  /// Writes, and closes the connection where its client does not read: it would keep its connection, and a shutdown waiting.
  func writing(_ write: () async throws -> Void) async throws {
    let channel = channel
    let watchdog = Task {
      try await Task.sleep(for: Self.writePatience)
      channel.close(promise: nil)
    }
    defer { watchdog.cancel() }
    try await write()
  }
}
