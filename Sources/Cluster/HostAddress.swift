import Foundation

/// Addresses of this host, as they are seen on the way to another.
enum HostAddress {
  /// The address of this host from which connections to `host` go out, and the one at which `host` is reached; nil where no
  /// address can be found. Nothing is sent.
  static func route(to host: String, port: Int) -> (own: String, peer: String)? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &found) == 0 else { return nil }
    defer { freeaddrinfo(found) }
    for entry in sequence(first: found, next: { $0?.pointee.ai_next }).compactMap({ $0?.pointee }) {
      let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      guard connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 else { continue }
      var own = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let name = withUnsafeMutableBytes(of: &own) { bytes -> String? in
        let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
        return getsockname(descriptor, address, &length) == 0 ? text(address, length) : nil
      }
      if let name, let peer = text(entry.ai_addr, entry.ai_addrlen) { return (name, peer) }
    }
    return nil
  }

  static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }

  /// Whether a socket of this host can have the address.
  static func isOwn(_ address: String) -> Bool {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, nil, &hints, &found) == 0, let entry = found?.pointee else { return false }
    defer { freeaddrinfo(found) }
    let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0
  }

  /// The interface that ranks are to connect by; nil to find an address.
  static var namedInterface: String? {
    ProcessInfo.processInfo.environment["GLOO_SOCKET_IFNAME"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What is wrong with the name of a network interface; nil if this host has it.
  static func missingInterface(_ name: String) -> String? {
    guard if_nametoindex(name) == 0 else { return nil }
    var names: [String] = []
    if let list = if_nameindex() {
      var entry = list
      while let own = entry.pointee.if_name {
        names.append(String(cString: own))
        entry += 1
      }
      if_freenameindex(list)
    }
    return "GLOO_SOCKET_IFNAME is \"\(name)\", and \(hostName) has no such network interface: it has "
      + names.joined(separator: ", ")
  }

  static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func text(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
