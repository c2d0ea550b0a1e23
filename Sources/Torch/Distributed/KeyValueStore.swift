import CTorch
import Foundation

/// Keys and values that processes share over TCP: c10d's `TCPStore`, by which the members of a job find each other.
///
/// Safe to use from several threads: calls take turns on one connection, so that one which waits holds up the others (see
/// ``connectionOfItsOwn()``).
public final class KeyValueStore: @unchecked Sendable {
  let handle: ct_handle

  private init(_ handle: ct_handle) { self.handle = handle }

  deinit { ct_release_object(handle) }

  /// - Parameters:
  ///   - host: a name or an address of the process that serves.
  ///   - port: 0, where `serves`, lets the system choose one.
  ///   - serves: whether this process holds the keys for the others. Where `host` is 127.0.0.1, it does so for processes of
  ///     this host alone. Whoever can reach the port can read and change the keys.
  ///   - timeout: how long to try to connect, and how long ``value(of:)`` waits, in seconds.
  /// - Throws: ``TorchError`` when nobody can be reached there, or the port is taken.
  public convenience init(host: String, port: Int, serves: Bool, timeout: Double) throws {
    precondition((0...Int(UInt16.max)).contains(port), "a port is at most \(UInt16.max), not \(port)")
    var handle = ct_handle()
    let listening = serves && host == Self.loopback ? try Self.listen(on: UInt16(port)) : -1
    try check("store", ct_tcp_store(host, UInt16(port), serves, listening, timeout, &handle))
    self.init(handle)
  }

  /// The address by which a host reaches itself: a store that serves there is closed to other hosts.
  public static let loopback = "127.0.0.1"

  /// A socket that listens for processes of this host.
  private static func listen(on port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var reuse: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(loopback)
    let isBound = withUnsafeBytes(of: &address) { bytes in
      bind(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
    }
    guard isBound, Foundation.listen(descriptor, SOMAXCONN) == 0 else {
      defer { close(descriptor) }
      throw TorchError(operation: "listen", shapes: [], message: String(cString: strerror(errno)))
    }
    return descriptor
  }

  /// The TCP port of the process that serves; the one that the system chose where 0 was asked for.
  public var port: Int { Int(ct_store_port(handle)) }

  /// The same keys over another connection, for a thread that waits while others go on.
  /// - Throws: ``TorchError`` when the process that serves cannot be reached.
  public func connectionOfItsOwn() throws -> KeyValueStore {
    var clone = ct_handle()
    try check("store", ct_store_clone(handle, &clone))
    return KeyValueStore(clone)
  }

  /// Gives a key a value, in place of one that it had.
  /// - Throws: ``TorchError`` when the process that serves cannot be reached.
  public func set(_ key: String, _ value: [UInt8]) throws {
    try withBytes(value) { try check("store", ct_store_set(handle, key, $0)) }
  }

  /// Sets a key that has no value yet.
  /// - Returns: the value that it then has: the first that anyone set.
  public func setIfAbsent(_ key: String, _ value: [UInt8]) throws -> [UInt8] {
    try withBytes(value) { bytes in
      try made("store") { ct_store_set_if_absent(handle, key, bytes, $0) }.elements(UInt8.self)
    }
  }

  /// Waits until the key has a value.
  /// - Throws: ``TorchError`` after `timeout` seconds.
  public func wait(for key: String, timeout: Double) throws {
    try check("store", ct_store_wait(handle, key, timeout))
  }

  /// The value of a key, at once; nil where it has none.
  public func valueIfPresent(_ key: String) throws -> [UInt8]? {
    var isThere = false
    try check("store", ct_store_has(handle, key, &isThere))
    return isThere ? try value(of: key) : nil
  }

  /// Waits for the key, and reads its value.
  public func value(of key: String) throws -> [UInt8] {
    try made("store") { ct_store_get(handle, key, $0) }.elements(UInt8.self)
  }

  private func withBytes<R>(_ value: [UInt8], _ body: (ct_bytes) throws -> R) rethrows -> R {
    try value.withUnsafeBufferPointer { try body(ct_bytes(first: $0.baseAddress, count: $0.count)) }
  }
}
