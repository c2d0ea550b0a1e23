import Foundation

/// One IDX file of unsigned bytes: its sizes and its elements, row-major.
struct IDXArray {
  let path: String
  let sizes: [Int]
  let elements: [UInt8]

  /// - Parameter dimensions: what each dimension is called in errors.
  /// - Throws: `DatasetError`, naming the file and the field; every size has to be at least 1.
  init(reading url: URL, dimensions: [String], _ adviceIfMissing: String) throws {
    let file = try InputFile(reading: url, adviceIfMissing: adviceIfMissing)
    let magic = try file.bigEndianInteger(at: 0, field: "magic number")
    let expectedMagic = 0x0800 + dimensions.count
    guard magic == expectedMagic else {
      throw DatasetError.wrongField(
        file: file.path, field: "magic number",
        expected: "\(expectedMagic) (unsigned bytes in \(dimensions.count) dimensions)", found: "\(magic)")
    }
    sizes = try dimensions.enumerated().map { i, field in
      let size = try file.bigEndianInteger(at: 4 + 4 * i, field: field)
      guard (1...1 << 30).contains(size) else {
        throw DatasetError.wrongField(file: file.path, field: field, expected: "1 to \(1 << 30)", found: "\(size)")
      }
      return size
    }
    let headerBytes = 4 + 4 * dimensions.count
    let (elementCount, overflow) = sizes.reduce((1, false)) { total, size in
      let (product, overflow) = total.0.multipliedReportingOverflow(by: size)
      return (product, total.1 || overflow)
    }
    let needed = overflow ? Int.max : headerBytes + elementCount
    guard file.bytes.count >= needed else {
      throw DatasetError.truncated(
        file: file.path, field: "elements", expectedBytes: needed, foundBytes: file.bytes.count)
    }
    guard file.bytes.count == needed else {
      throw DatasetError.wrongField(
        file: file.path, field: "length", expected: "\(needed) bytes by its header", found: "\(file.bytes.count)")
    }
    path = file.path
    elements = Array(file.bytes[headerBytes...])
  }
}
