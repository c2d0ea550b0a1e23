import CDataFormats
import Foundation

/// The MD5 digest of a file in hexadecimal: what publishers of data sets state. Not for security.
///
/// - Throws: `DatasetError.unreadable`.
func md5(of url: URL) throws -> String {
  guard let digest = MD5File(url.path, nil) else {
    throw DatasetError.unreadable(file: url.path, reason: String(cString: strerror(errno)))
  }
  defer { free(digest) }
  return String(cString: digest)
}
