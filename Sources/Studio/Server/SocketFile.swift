import Foundation
import NIOCore

/// The file of a Unix socket.
enum SocketFile {
  /// Takes away what a server left that was killed.
  /// - Throws: `IOError` where a server listens there, or the file is no socket.
  static func clear(_ url: URL) throws {
    var status = stat()
    guard lstat(url.path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw IOError(errnoCode: EEXIST, reason: "there is another file") }
    guard !isListening(url) else { throw IOError(errnoCode: EADDRINUSE, reason: "a server listens there") }
    unlink(url.path)
  }

  static func remove(_ url: URL) { unlink(url.path) }

  private static func isListening(_ url: URL) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(url.path.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }
}
