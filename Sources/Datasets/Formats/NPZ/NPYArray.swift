import Files
import Foundation

/// An array of an NPZ file. Its elements stay in the file where the archive stores them as they are; where it has them
/// compressed, they are unpacked once, on opening, into a nameless file that is mapped into memory.
struct NPYArray: Sendable {
  let path: String
  let name: String
  let header: NPYHeader
  private let archive: NPZArchive
  private let elements: Elements

  private enum Elements: Sendable {
    case stored(NPZReader)
    case unpacked(MappedFile)
  }

  private var member: String { name + ".npy" }

  fileprivate static let chunkBytes = 1 << 20

  init(_ name: String, in archive: NPZArchive) throws {
    self.archive = archive
    self.name = name
    path = archive.path
    let member = name + ".npy"
    let (byteCount, isStored) = try archive.entry(member)
    let reader = try archive.open(member)
    header = try Self.header(from: reader, of: member, byteCount: byteCount, path: archive.path)
    elements =
      isStored ? .stored(reader) : .unpacked(try Self.unpack(reader, header.dataByteCount!, of: member, archive.path))
  }

  /// Requires the type, the order and the sizes of the array; a size of nil may be any from 1 on.
  ///
  /// - Throws: `DatasetError.wrongField`, naming the file and the array.
  func require(types: [String], shape: [Int?]) throws {
    func fail(_ field: String, _ expected: String, _ found: String) -> DatasetError {
      .wrongField(file: path, field: "\(field) of \(member)", expected: expected, found: found)
    }
    guard types.contains(header.type) else {
      throw fail("type", types.map { "'\($0)'" }.joined(separator: ", "), "'\(header.type)'")
    }
    guard !header.isFortranOrder else { throw fail("order", "C order (fortran_order False)", "Fortran order") }
    let fits =
      header.shape.count == shape.count && zip(header.shape, shape).allSatisfy { $1 == nil ? $0 > 0 : $0 == $1 }
    guard fits else {
      throw fail(
        "shape", "(" + shape.map { $0.map(String.init) ?? "any number" }.joined(separator: ", ") + ")",
        "(" + header.shape.map(String.init).joined(separator: ", ") + ")")
    }
  }

  /// Fills `buffer` with the bytes of elements from byte `offset` of the data on.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    switch elements {
    case .stored(let reader): try reader.read(at: header.byteCount + offset, into: buffer)
    case .unpacked(let file): buffer.copyMemory(from: file.bytes(offset..<offset + buffer.count))
    }
  }

  /// All elements of an array of integers.
  func integers() throws -> [Int] {
    let width = header.elementByteCount!
    let isSigned = header.type.dropFirst().first == "i"
    let count = header.dataByteCount!
    let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      try read(at: 0, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = count
    }
    return stride(from: 0, to: count, by: width).map { start in
      var value: UInt64 = 0
      for k in (0..<width).reversed() { value = value << 8 | UInt64(bytes[start + k]) }
      let unused = UInt64(64 - 8 * width)
      return isSigned
        ? Int(Int64(bitPattern: value << unused) >> Int64(unused)) : Int(clamping: value)
    }
  }

  /// The types that `integers()` reads.
  static let integerTypes = ["|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"]

  /// Reads the whole member, which verifies its checksum; unpacking it has done so already.
  func checkBytes() throws {
    guard case .stored = elements else { return }
    let reader = try archive.open(member)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 1)
    defer { chunk.deallocate() }
    while try reader.read(into: chunk) == chunk.count {}
  }

  private static func header(
    from reader: NPZReader, of member: String, byteCount: Int, path: String
  ) throws -> NPYHeader {
    func read(_ count: Int) throws -> [UInt8] {
      try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = try reader.read(
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      }
    }
    let prefix = try read(min(NPYHeader.prefixByteCount, byteCount))
    guard let length = NPYHeader.byteCount(prefix: prefix) else {
      throw DatasetError.wrongField(
        file: path, field: "first bytes of \(member)", expected: "those of an NPY array (\\x93NUMPY, version 1 to 3)",
        found: prefix.isEmpty
          ? "none" : prefix.prefix(8).map { hexadecimal(UInt32($0)).suffix(2) }.joined(separator: " "))
    }
    guard length <= min(byteCount, NPYHeader.longest), length >= prefix.count else {
      throw DatasetError.wrongField(
        file: path, field: "header length of \(member)",
        expected: "at most \(min(byteCount, NPYHeader.longest)) bytes", found: "\(length)")
    }
    let bytes = try prefix + read(length - prefix.count)
    guard bytes.count == length, let header = NPYHeader(bytes), let dataBytes = header.dataByteCount else {
      throw DatasetError.wrongField(
        file: path, field: "header of \(member)",
        expected: "a dictionary of descr (a plain type), fortran_order and shape",
        found: "\"\(String(decoding: bytes.dropFirst(10).prefix(80), as: UTF8.self))\"")
    }
    guard byteCount - length == dataBytes else {
      throw DatasetError.wrongField(
        file: path, field: "length of \(member)",
        expected: "\(dataBytes) bytes behind its header by its shape \(header.shape)", found: "\(byteCount - length)")
    }
    return header
  }

  private static func unpack(
    _ reader: NPZReader, _ count: Int, of member: String, _ path: String
  ) throws -> MappedFile {
    let file = try MappedFile.Writer()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 1)
    defer { chunk.deallocate() }
    var found = 0
    while true {
      let step = try reader.read(into: chunk)
      found += step
      guard found <= count else { break }
      try file.append(UnsafeRawBufferPointer(rebasing: chunk[..<step]))
      if step < chunk.count { break }
    }
    guard found <= count else {
      throw DatasetError.wrongField(
        file: path, field: member, expected: "\(count) bytes by its header", found: "more")
    }
    guard found == count else {
      throw DatasetError.truncated(file: path, field: member, expectedBytes: count, foundBytes: found)
    }
    return try file.mapped()
  }
}
