import CDataFormats
import Foundation

/// An NPY array in NumPy's format, version 1.
func npy(
  _ shape: [Int], _ elements: [UInt8], type: String = "|u1", isFortranOrder: Bool = false
) -> [UInt8] {
  let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
  let fortran = isFortranOrder ? "True" : "False"
  var text = "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': (\(sizes)), }"
  text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
  let count = text.utf8.count
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)] + Array(text.utf8) + elements
}

/// Little-endian 64-bit integers.
func int64s(_ values: [Int]) -> [UInt8] { values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) } }

extension URL {
  /// Writes a zip archive below this folder through libzip.
  @discardableResult
  func writeZip(_ members: [(name: String, bytes: [UInt8])], to path: String, isDeflated: Bool = false) throws -> URL {
    let url = appendingPathComponent(path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? FileManager.default.removeItem(at: url)
    var code: Int32 = 0
    let archive = zip_open(url.path, ZIP_CREATE | ZIP_EXCL, &code)!
    for (name, bytes) in members {
      // libzip frees the copy.
      let copy = malloc(max(1, bytes.count))!
      bytes.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count) }
      let source = zip_source_buffer(archive, copy, zip_uint64_t(bytes.count), 1)
      let index = zip_file_add(archive, name, source, 0)
      zip_set_file_compression(archive, zip_uint64_t(index), isDeflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0)
    }
    precondition(zip_close(archive) == 0)
    return url
  }
}
