import NIOHTTP1

extension HTTPRequestHead {
  /// The host of an address that is written as a whole, as for a proxy.
  var namedAuthority: Substring? {
    for scheme in ["http://", "https://"] where uri.lowercased().hasPrefix(scheme) {
      return uri.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
    }
    return nil
  }

  /// Without the spaces around values, which are no part of them (RFC 9112, section 5.1).
  mutating func trimHeaders() {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    guard headers.contains(where: { $0.value.utf8.last.map(isBlank) ?? false }) else { return }
    headers = HTTPHeaders(
      headers.map { name, value in
        let end = value.utf8.reversed().prefix(while: isBlank).count
        return (name, String(value.utf8.dropLast(end)) ?? value)
      })
  }

  /// As the server takes it: with a host where HTTP/1.0 leaves that to the address or the connection, without an
  /// expectation that HTTP/1.0 does not know (RFC 9110, section 10.1.1), with plain letters in the path, and the method as
  /// it was written.
  /// - Parameter local: this machine's address on the connection.
  mutating func normalize(local: String?) {
    if method == .MSEARCH { method = .RAW(value: "M-SEARCH") }
    if version == .http1_0 { headers.remove(name: "Expect") }
    if headers["Host"].isEmpty {
      let own = local.map { $0.contains(":") ? "[\($0)]" : $0 }
      if let host = namedAuthority.map(String.init) ?? own { headers.add(name: "Host", value: host) }
    }
    let query = uri.firstIndex(of: "?") ?? uri.endIndex
    uri = PercentEncoding.normalized(uri[..<query]) + uri[query...]
  }
}
