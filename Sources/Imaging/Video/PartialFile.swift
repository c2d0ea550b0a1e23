import Files
import Foundation

/// An ``AtomicFile`` whose failures name the file it is to be.
final class PartialFile {
  let url: URL
  private let file: AtomicFile

  /// Where the bytes are until ``commit()``; another program may write them there.
  var temporary: URL { file.temporary }

  /// - Throws: `ImagingError.unwritable`, naming the file; so does what follows.
  init(for url: URL) throws {
    self.url = url
    file = try Self.naming(url) { try AtomicFile(url) }
  }

  func append(_ bytes: [UInt8]) throws { try naming { try file.append(bytes) } }

  func commit() throws { try naming { try file.commit() } }

  func naming<R>(_ body: () throws -> R) throws -> R { try Self.naming(url, body) }

  private static func naming<R>(_ url: URL, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as ImagingError { throw error } catch {
      throw ImagingError.unwritable(file: url.path, reason: error.systemReason)
    }
  }
}
