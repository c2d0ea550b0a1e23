import Foundation

/// The host and the port that a `Host` header names (RFC 9110, section 7.2), as they are written: nothing is made up for
/// what is missing, and nothing is passed over.
struct Authority: Equatable {
  /// In small letters, of IPv6 without brackets.
  let host: String
  let port: Int?

  /// Nil for what is no host with perhaps a port.
  init?(_ text: String) {
    var rest = text[...]
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = rest[rest.index(after: rest.startIndex)..<end].lowercased()
      guard Self.bytes(ofIPv6: host) != nil else { return nil }
      rest = rest[rest.index(after: end)...]
    } else {
      let name = rest.prefix { $0 != ":" }
      guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy(Self.isOfAName) else { return nil }
      host = name.lowercased()
      rest = rest[name.endIndex...]
    }
    guard !rest.isEmpty else {
      port = nil
      return
    }
    let digits = rest.dropFirst()
    guard rest.first == ":", digits.utf8.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    port = Int(digits)
    if let port, port > 65535 { return nil }
  }

  private static func isOfAName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  var isLoopback: Bool { Self.isLoopback(host) }

  /// Whether a host, of IPv6 without brackets, can be no other than this machine.
  static func isLoopback(_ host: String) -> Bool {
    // The dot says that no domain is to be added: it is the same name.
    if ["localhost", "localhost."].contains(host.lowercased()) { return true }
    if let bytes = bytes(ofIPv4: host) { return bytes[0] == 127 }
    guard let bytes = bytes(ofIPv6: host) else { return false }
    return bytes == [UInt8](repeating: 0, count: 15) + [1]
      || bytes.starts(with: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 127])
  }

  private static func bytes(ofIPv4 host: String) -> [UInt8]? { bytes(of: host, AF_INET, count: 4) }
  private static func bytes(ofIPv6 host: String) -> [UInt8]? { bytes(of: host, AF_INET6, count: 16) }

  private static func bytes(of host: String, _ family: Int32, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, host, &bytes) == 1 ? bytes : nil
  }
}
