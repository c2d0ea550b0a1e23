import CDataFormats
import Foundation

/// An NPZ file: a zip archive of NPY arrays, read through libzip. Sendable because the handle, which is for one thread
/// at a time, is used under the lock alone.
final class NPZArchive: @unchecked Sendable {
  let path: String
  private let archive: OpaquePointer
  private let lock = NSLock()

  /// - Throws: `DatasetError`, naming the file.
  init(reading url: URL, adviceIfMissing: String) throws {
    path = url.path
    guard FileManager.default.fileExists(atPath: path) else {
      throw DatasetError.missingFile(file: path, advice: adviceIfMissing)
    }
    var code: Int32 = 0
    guard let opened = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      defer { zip_error_fini(&error) }
      throw DatasetError.damagedZip(file: path, member: nil, reason: String(cString: zip_error_strerror(&error)))
    }
    archive = opened
  }

  deinit { zip_discard(archive) }

  /// The array `name`, which the archive holds as `name.npy`.
  ///
  /// - Throws: `DatasetError`, naming the file and the array.
  func array(_ name: String) throws -> NPYArray {
    try NPYArray(name, in: self)
  }

  /// What the archive says of a member.
  func entry(_ member: String) throws -> (byteCount: Int, isStored: Bool) {
    try withHandle { archive in
      var status = zip_stat_t()
      guard zip_stat(archive, member, 0, &status) == 0 else {
        throw DatasetError.damagedZip(
          file: path, member: member, reason: "there is no such member; found \(Self.names(archive))")
      }
      // Deflate packs at most 1032 bytes into one.
      let ratio: UInt64 = status.comp_method == ZIP_CM_STORE ? 1 : 1032
      guard status.size <= UInt64(Int.max >> 1), status.size / ratio <= status.comp_size else {
        throw DatasetError.damagedZip(
          file: path, member: member, reason: "\(status.size) bytes cannot come from \(status.comp_size) packed ones")
      }
      return (Int(status.size), status.comp_method == ZIP_CM_STORE)
    }
  }

  /// Opens a member for reading, for as long as the result lives.
  func open(_ member: String) throws -> NPZReader { try NPZReader(member, in: self) }

  fileprivate func withHandle<R>(_ body: (OpaquePointer) throws -> R) rethrows -> R {
    try lock.withLock { try body(archive) }
  }

  fileprivate func failure(_ member: String, _ archive: OpaquePointer) -> DatasetError {
    DatasetError.damagedZip(file: path, member: member, reason: String(cString: zip_strerror(archive)))
  }

  private static func names(_ archive: OpaquePointer) -> String {
    let count = zip_get_num_entries(archive, 0)
    let some = (0..<min(8, count)).compactMap { zip_get_name(archive, UInt64($0), 0).map { String(cString: $0) } }
    return (some.isEmpty ? ["none"] : some).joined(separator: ", ") + (count > 8 ? ", ..." : "")
  }
}

/// An open member of an archive. Sendable because the handle is used under the archive's lock alone.
final class NPZReader: @unchecked Sendable {
  private let archive: NPZArchive
  private let member: String
  private let handle: OpaquePointer

  fileprivate init(_ member: String, in archive: NPZArchive) throws {
    self.archive = archive
    self.member = member
    handle = try archive.withHandle { zip in
      guard let handle = zip_fopen(zip, member, 0) else { throw archive.failure(member, zip) }
      return handle
    }
  }

  deinit { archive.withHandle { _ in _ = zip_fclose(handle) } }

  /// Fills `buffer` with the bytes that follow. At the member's end its checksum is verified.
  ///
  /// - Returns: the bytes read; fewer than asked for at the end only.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try archive.withHandle { _ in try readUnlocked(buffer) }
  }

  /// Fills `buffer` with the bytes from `offset` on, of a member that is stored as it is.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    try archive.withHandle { _ in
      guard zip_fseek(handle, zip_int64_t(offset), SEEK_SET) == 0 else { throw failure() }
      let count = try readUnlocked(buffer)
      guard count == buffer.count else {
        throw DatasetError.truncated(
          file: archive.path, field: member, expectedBytes: offset + buffer.count, foundBytes: offset + count)
      }
    }
  }

  private func readUnlocked(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      let count = zip_fread(handle, buffer.baseAddress! + done, zip_uint64_t(buffer.count - done))
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      done += Int(count)
    }
    return done
  }

  private func failure() -> DatasetError {
    DatasetError.damagedZip(file: archive.path, member: member, reason: String(cString: zip_file_strerror(handle)))
  }
}
