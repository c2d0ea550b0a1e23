import Foundation
import Imaging

/// The pictures that are the values of an LMDB database, in the order of its keys.
package struct LMDBPictures: Sendable {
  private let database: LMDBFile

  package var count: Int { database.count }

  /// Opens a database and walks over its keys.
  ///
  /// - Parameter folder: holds `data.mdb`.
  /// - Throws: `DatasetError`, naming the file.
  package init(_ folder: URL, adviceIfMissing: String) throws {
    let file = folder.appendingPathComponent("data.mdb").path
    guard FileManager.default.fileExists(atPath: file) else {
      throw DatasetError.missingFile(file: file, advice: adviceIfMissing)
    }
    database = try LMDBFile(file)
    guard count > 0 else {
      throw DatasetError.wrongField(file: file, field: "number of records", expected: "1 or more", found: "0")
    }
  }

  /// Decodes picture `index`.
  ///
  /// - Returns: the picture, and what it is called: the file and the key.
  /// - Throws: `ImagingError` or `DatasetError`, naming both.
  package func picture(at index: Int) throws -> (PixelImage, name: String) {
    let (key, bytes) = try database.record(at: index)
    let name = "\(database.path), record \(String(decoding: key, as: UTF8.self))"
    return (try PixelImage(decoding: bytes, name: name), name)
  }
}
