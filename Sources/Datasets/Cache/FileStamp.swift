import Files
import Foundation

/// The size of a file and when it was last written, by which an edited file is told from the one that it was.
struct FileStamp: Sendable, Equatable {
  let byteCount: Int64
  let seconds: Int64
  let nanoseconds: Int64

  /// - Returns: nil for what is not there or may not be looked at.
  init?(of path: String) { self.init(of: Array(path.utf8)) }

  /// - Parameter path: for the system, whatever its bytes.
  init?(of path: [UInt8]) {
    var status = stat()
    guard withCPath(path, { stat($0, &status) }) == 0 else { return nil }
    (byteCount, seconds) = (Int64(status.st_size), Int64(status.st_mtim.tv_sec))
    nanoseconds = Int64(status.st_mtim.tv_nsec)
  }
}
