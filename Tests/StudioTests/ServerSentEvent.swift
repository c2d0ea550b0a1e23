import Foundation

/// One of a stream.
struct ServerSentEvent {
  var name: String
  var data: [String: Any]

  static func all(in text: String) -> [ServerSentEvent] {
    text.components(separatedBy: "\n\n").compactMap { block in
      let lines = block.split(separator: "\n")
      guard lines.count == 2, lines[0].hasPrefix("event: "), lines[1].hasPrefix("data: ") else { return nil }
      let data = try? JSONSerialization.jsonObject(with: Data(lines[1].dropFirst(6).utf8)) as? [String: Any]
      return ServerSentEvent(name: String(lines[0].dropFirst(7)), data: data ?? [:])
    }
  }
}
