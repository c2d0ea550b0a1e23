import CDataFormats
import Files
import Foundation

/// A zip archive, read through libzip, which keeps about 0.3 KB a member and handle in memory.
struct ZipFile: Archive {
  let path: String
  let contents: ArchiveContents
  private let handles: ZipHandles
  private let byteCount: Int

  private static let leastBomb = 16 << 20

  /// - Throws: `DatasetError`, naming the file.
  init(reading url: URL) throws {
    path = url.path
    byteCount = try OpenedFile.opening(path).byteCount
    handles = try ZipHandles(path)
    contents = try handles.with(Self.contents)
  }

  func read(_ member: ArchiveMember, atMost limit: Int) throws -> [UInt8] {
    try requireSaneSize(member)
    return try handles.with { archive in
      try requireReadable(member, in: archive)
      guard let file = zip_fopen_index(archive, zip_uint64_t(member.place), 0) else {
        throw damage(member, String(cString: zip_strerror(archive)))
      }
      defer { zip_fclose(file) }
      let count = min(limit, member.byteCount)
      let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
        done = try read(
          member, from: file,
          to: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      }
      if count == member.byteCount { try requireEnd(member, of: file) }
      return bytes
    }
  }

  private func read(
    _ member: ArchiveMember, from file: OpaquePointer, to buffer: UnsafeMutableRawBufferPointer
  ) throws -> Int {
    var done = 0
    while done < buffer.count {
      let count = zip_fread(file, buffer.baseAddress! + done, zip_uint64_t(buffer.count - done))
      guard count >= 0 else { throw damage(member, String(cString: zip_file_strerror(file))) }
      guard count > 0 else {
        throw DatasetError.truncated(
          file: path, field: member.name, expectedBytes: member.byteCount, foundBytes: done)
      }
      done += Int(count)
    }
    return done
  }

  /// Reading past the last byte is what verifies the checksum.
  private func requireEnd(_ member: ArchiveMember, of file: OpaquePointer) throws {
    var more: UInt8 = 0
    let count = zip_fread(file, &more, 1)
    guard count >= 0 else { throw damage(member, String(cString: zip_file_strerror(file))) }
    guard count == 0 else { throw damage(member, "it holds more than the \(member.byteCount) bytes that it claims") }
  }

  private func requireReadable(_ member: ArchiveMember, in archive: OpaquePointer) throws {
    var status = zip_stat_t()
    guard zip_stat_index(archive, zip_uint64_t(member.place), 0, &status) == 0, status.size == member.byteCount else {
      throw damage(member, "the archive has changed since it was opened")
    }
    func refuse(_ reason: String) -> DatasetError { .unreadable(file: title(of: member.name), reason: reason) }
    guard status.encryption_method == ZIP_EM_NONE else {
      throw refuse("it is encrypted; unpack the archive with its password and give the folder")
    }
    guard [ZIP_CM_STORE, ZIP_CM_DEFLATE].contains(Int32(status.comp_method)) else {
      throw refuse("it is packed by zip's method \(status.comp_method); pack it by deflate (8) or as it is (0)")
    }
    // Deflate packs at most 1032 bytes into one.
    let ratio: UInt64 = status.comp_method == ZIP_CM_STORE ? 1 : 1032
    guard status.comp_size <= byteCount, status.size / ratio <= status.comp_size else {
      throw damage(
        member, "\(status.size) bytes cannot come from \(status.comp_size) packed ones in a file of \(byteCount)")
    }
    // Pictures are packed by themselves; only a flat and small one packs so much better once more.
    guard status.size <= Self.leastBomb || status.size / 100 <= status.comp_size else {
      throw refuse("its \(status.comp_size) bytes unpack to \(status.size), which no picture does")
    }
  }

  private func damage(_ member: ArchiveMember, _ reason: String) -> DatasetError {
    .damagedZip(file: path, member: member.name, reason: reason)
  }

  private static func contents(of archive: OpaquePointer) -> ArchiveContents {
    var contents = ArchiveContents()
    for index in 0..<zip_uint64_t(max(0, zip_get_num_entries(archive, 0))) {
      var status = zip_stat_t()
      guard zip_stat_index(archive, index, 0, &status) == 0, let bytes = status.name else { continue }
      // The format asks for slashes; some programs on Windows write theirs.
      let name = String(cString: bytes).replacing("\\", with: "/")
      guard !name.hasSuffix("/") else { continue }
      guard !isLink(index, in: archive) else {
        contents.leaveOut(name, .archivedLink)
        continue
      }
      contents.append(name, place: Int(index), byteCount: Int(clamping: status.size))
    }
    return contents
  }

  private static func isLink(_ index: zip_uint64_t, in archive: OpaquePointer) -> Bool {
    var (system, attributes): (zip_uint8_t, zip_uint32_t) = (0, 0)
    zip_file_get_external_attributes(archive, index, 0, &system, &attributes)
    return system == ZIP_OPSYS_UNIX && mode_t(attributes >> 16) & S_IFMT == S_IFLNK
  }
}
