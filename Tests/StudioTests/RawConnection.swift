import Foundation

/// A connection on which a test writes what no well-behaved client would.
/// One task may write while another reads.
final class RawConnection: @unchecked Sendable {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try Self.check(result)
    setPatience()
  }

  init(socket file: URL) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try Self.check(Self.with(file) { connect(descriptor, $0, $1) })
    setPatience()
  }

  /// The file of a socket on which nobody listens any more.
  static func leaveSocket(at file: URL) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    try check(with(file) { bind(descriptor, $0, $1) })
  }

  private static func with(_ file: URL, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(file.path.utf8)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  private static func check(_ result: Int32) throws {
    guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  private func setPatience() {
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { disconnect() }

  private var isOpen = true

  func disconnect() {
    guard isOpen else { return }
    isOpen = false
    close(descriptor)
  }

  /// - Returns: whether the server still took it.
  @discardableResult
  func write(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  /// As far as the server takes it at once.
  func write(_ text: String, times: Int) {
    let bytes = Array(String(repeating: text, count: times).utf8)
    var sent = 0
    while sent < bytes.count {
      let count = send(
        descriptor, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      if count <= 0 { return }
      sent += count
    }
  }

  /// Whether the server has closed, as the last `read` found.
  private(set) var isClosedByServer = false

  /// What the server sends until it closes, falls silent for ten seconds, or has sent `end`.
  func read(until end: String? = nil) -> String {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while end == nil || !String(decoding: all, as: UTF8.self).contains(end!) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 {
        isClosedByServer = count == 0 || errno == ECONNRESET
        break
      }
      all += buffer[..<count]
    }
    return String(decoding: all, as: UTF8.self)
  }
}
