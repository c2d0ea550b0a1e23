import CDataFormats
import Foundation
import Imaging

/// The pictures that are the values of an LMDB database, in the order of its keys. The database stays on the disk; of
/// the keys one in 64 is kept in memory, from which the others are a few steps away.
final class LMDBPictures: @unchecked Sendable {
  let path: String
  let count: Int
  /// Thread-safe: the environment is opened read-only, its transactions not tied to threads.
  private let environment: OpaquePointer
  private let database: MDB_dbi
  private let keys: [[UInt8]]

  private static let stride = 64

  /// Opens a database and walks over its keys.
  ///
  /// - Parameter folder: holds `data.mdb`.
  /// - Throws: `DatasetError`, naming the file.
  init(_ folder: URL, adviceIfMissing: String) throws {
    let file = folder.appendingPathComponent("data.mdb").path
    guard FileManager.default.fileExists(atPath: file) else {
      throw DatasetError.missingFile(file: file, advice: adviceIfMissing)
    }
    path = file
    var environment: OpaquePointer?
    try Self.check(mdb_env_create(&environment), file)
    do {
      let flags = UInt32(MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS)
      try Self.check(mdb_env_open(environment, folder.path, flags, 0o444), file)
      try Self.checkLength(environment!, file)
      (database, keys, count) = try Self.withTransaction(environment!, file) { transaction in
        var database: MDB_dbi = 0
        try Self.check(mdb_dbi_open(transaction, nil, 0, &database), file)
        let (keys, count) = try Self.walk(transaction, database, file)
        return (database, keys, count)
      }
    } catch {
      mdb_env_close(environment)
      throw error
    }
    self.environment = environment!
  }

  deinit { mdb_env_close(environment) }

  /// Decodes picture `index`.
  ///
  /// - Returns: the picture, and what it is called: the file and the key.
  /// - Throws: `ImagingError` or `DatasetError`, naming both.
  func picture(at index: Int) throws -> (PixelImage, name: String) {
    precondition((0..<count).contains(index), "picture \(index) is outside 0..<\(count)")
    var (bytes, key) = ([UInt8](), [UInt8]())
    try Self.withTransaction(environment, path) { transaction in
      try Self.withCursor(transaction, database, path) { cursor in
        var (found, value) = (MDB_val(), MDB_val())
        var start = keys[index / Self.stride]
        try start.withUnsafeMutableBytes { start in
          found = MDB_val(mv_size: start.count, mv_data: start.baseAddress)
          try Self.check(mdb_cursor_get(cursor, &found, &value, MDB_SET_KEY), path)
          for _ in 0..<index % Self.stride { try Self.check(mdb_cursor_get(cursor, &found, &value, MDB_NEXT), path) }
          (key, bytes) = (Array(found), Array(value))
        }
      }
    }
    let name = "\(path), record \(String(decoding: key, as: UTF8.self))"
    return (try PixelImage(decoding: bytes, name: name), name)
  }

  /// A file shorter than its pages would end the process when they are touched. What a page says of its inside is not
  /// checked, by LMDB neither.
  private static func checkLength(_ environment: OpaquePointer, _ file: String) throws {
    var (info, status) = (MDB_envinfo(), MDB_stat())
    try check(mdb_env_info(environment, &info), file)
    try check(mdb_env_stat(environment, &status), file)
    let (last, page) = (info.me_last_pgno, Int(status.ms_psize))
    let attributes = try? FileManager.default.attributesOfItem(atPath: file)
    let length = attributes?[.size] as? Int ?? 0
    guard page > 0, last >= 0, last < 1 << 40 else {
      throw DatasetError.damagedLMDB(file: file, reason: "it claims \(last) as the number of its last page")
    }
    guard last < length / page else {
      throw DatasetError.truncated(file: file, field: "pages", expectedBytes: (last + 1) * page, foundBytes: length)
    }
  }

  private static func walk(
    _ transaction: OpaquePointer, _ database: MDB_dbi, _ file: String
  ) throws -> (keys: [[UInt8]], count: Int) {
    var status = MDB_stat()
    try check(mdb_stat(transaction, database, &status), file)
    var keys: [[UInt8]] = []
    var count = 0
    try withCursor(transaction, database, file) { cursor in
      var key = MDB_val()
      while true {
        let code = mdb_cursor_get(cursor, &key, nil, MDB_NEXT)
        if code == MDB_NOTFOUND { break }
        try check(code, file)
        if count % stride == 0 { keys.append(Array(key)) }
        count += 1
      }
    }
    guard count == status.ms_entries, count > 0 else {
      throw DatasetError.wrongField(
        file: file, field: "number of records", expected: "\(max(1, status.ms_entries)) by its header",
        found: "\(count)")
    }
    return (keys, count)
  }

  private static func withTransaction<R>(
    _ environment: OpaquePointer, _ file: String, _ body: (OpaquePointer) throws -> R
  ) throws -> R {
    var transaction: OpaquePointer?
    try check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), file)
    // Ends it; a handle opened within stays.
    defer { _ = mdb_txn_commit(transaction) }
    return try body(transaction!)
  }

  private static func withCursor<R>(
    _ transaction: OpaquePointer, _ database: MDB_dbi, _ file: String, _ body: (OpaquePointer) throws -> R
  ) throws -> R {
    var cursor: OpaquePointer?
    try check(mdb_cursor_open(transaction, database, &cursor), file)
    defer { mdb_cursor_close(cursor) }
    return try body(cursor!)
  }

  private static func check(_ code: Int32, _ file: String) throws {
    guard code == 0 else {
      throw DatasetError.damagedLMDB(file: file, reason: String(cString: mdb_strerror(code)))
    }
  }
}

extension Array where Element == UInt8 {
  fileprivate init(_ value: MDB_val) {
    self = Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
  }
}
