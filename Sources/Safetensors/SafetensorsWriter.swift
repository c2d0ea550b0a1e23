import Files
import Foundation

/// Writes safetensors files.
///
/// ```swift
/// let values: [Float] = [1, 2, 3]
/// let item = SafetensorsItem(
///   name: "weight", type: .float32, shape: [3], bytes: values.withUnsafeBytes { Data($0) })
/// try SafetensorsWriter.write([item], metadata: ["made by": "hand"], to: URL(filePath: "weights.safetensors"))
/// ```
public struct SafetensorsWriter {
  /// The data begins at a multiple of this many bytes.
  static let alignment = 64

  /// Writes a file, in the place of one that may be there.
  ///
  /// The tensors lie in the file in the order given, with no space between them, and their data begins at a multiple
  /// of 64 bytes: put the widest types first to have each aligned for its type. Equal arguments give equal bytes. The
  /// bytes of one tensor are asked for and written after those of the one before, and no others are held.
  ///
  /// The file appears complete or not at all: it is written under a temporary name in the same folder, flushed to the
  /// disk and renamed. A reader of the file that was there keeps the old one, and `items` may themselves read from it.
  /// Where `url` is a symbolic link, the link is replaced. An error removes the temporary file; only a process that is
  /// killed leaves one, whose name begins with a dot and holds `.tmp`.
  /// - Throws: `SafetensorsError` where an item or the metadata cannot be represented, bytes are missing or too many,
  ///   or the file cannot be written; what an item's `withBytes` throws.
  public static func write(_ items: [SafetensorsItem], metadata: [String: String], to url: URL) throws {
    let file = url.isFileURL ? url.path : url.absoluteString
    guard url.isFileURL, !file.utf8.contains(0) else {
      throw SafetensorsError(file: file, "cannot be written: it must be the path of a file")
    }
    let header = try header(for: items, metadata: metadata, file: file)
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue {
      throw SafetensorsError(file: file, "cannot be written: a folder of that name is there")
    }
    let output = try naming(file, "a file cannot be created in its folder") { try AtomicFile(url, durable: true) }
    try write(items, header, file: file) { bytes in
      try naming(file, "its data cannot be stored") { try output.append(bytes) }
    }
    try naming(file, "its data cannot be flushed and named") { try output.commit() }
  }

  private static func naming<R>(_ file: String, _ what: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as POSIXError {
      throw SafetensorsError(
        file: file, "cannot be written: \(what): \(error.systemReason)", systemCode: error.code.rawValue)
    }
  }

  /// A file in memory, as ``write(_:metadata:to:)`` would write it.
  /// - Parameter name: what errors call it.
  /// - Throws: `SafetensorsError` where an item or the metadata cannot be represented; what an item's `withBytes` throws.
  public static func bytes(of items: [SafetensorsItem], metadata: [String: String], name: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try write(items, header(for: items, metadata: metadata, file: name), file: name) { bytes += $0 }
    return bytes
  }

  private static func write(
    _ items: [SafetensorsItem], _ header: (bytes: [UInt8], byteCounts: [Int]), file: String,
    to append: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try header.bytes.withUnsafeBytes(append)
    for (item, byteCount) in zip(items, header.byteCounts) {
      try write(item, byteCount: byteCount, file: file, to: append)
    }
  }

  private static func write(
    _ item: SafetensorsItem, byteCount: Int, file: String, to append: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    func fail(_ count: Int) -> SafetensorsError {
      let shape = SafetensorsError.show(item.shape)
      return SafetensorsError(
        file: file, tensor: item.name,
        "was given \(count) bytes, but shape \(shape) of \(item.type.rawValue) needs \(byteCount)")
    }
    var written = 0
    // Kept, so that an item cannot hide it by catching what its argument throws.
    var failure: (any Error)?
    try item.withBytes { bytes in
      if let failure { throw failure }
      do {
        guard bytes.count <= byteCount - written else { throw fail(written + bytes.count) }
        try append(bytes)
        written += bytes.count
      } catch {
        failure = error
        throw error
      }
    }
    if let failure { throw failure }
    guard written == byteCount else { throw fail(written) }
  }

  /// The length, the JSON and its padding; and the size of each item.
  private static func header(
    for items: [SafetensorsItem], metadata: [String: String], file: String
  ) throws -> (bytes: [UInt8], byteCounts: [Int]) {
    // Before anything is built: what no header can hold.
    let texts = [items.map(\.name), Array(metadata.keys), Array(metadata.values)].joined()
    try checkLength(texts.reduce(0) { $0 + $1.utf8.count }, file: file)

    var json: [UInt8] = []
    var byteCounts: [Int] = []
    func separate() { json.append(UInt8(ascii: json.isEmpty ? "{" : ",")) }

    if !metadata.isEmpty {
      separate()
      json += quote(SafetensorsHeader.metadataKey)
      json += ":{".utf8
      let sorted = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, (key, value)) in sorted.enumerated() {
        if index > 0 { json.append(UInt8(ascii: ",")) }
        json += quote(key)
        json.append(UInt8(ascii: ":"))
        json += quote(value)
      }
      json.append(UInt8(ascii: "}"))
    }
    var names: Set<String> = []
    var offset = 0
    for item in items {
      func fail(_ problem: String) -> SafetensorsError { SafetensorsError(file: file, tensor: item.name, problem) }
      guard item.name != SafetensorsHeader.metadataKey else {
        throw fail("has the name that the format keeps for metadata, but must have another")
      }
      guard names.insert(item.name).inserted else { throw fail("is given twice, but a name may be used once") }
      let shape = SafetensorsError.show(item.shape)
      guard item.shape.allSatisfy({ $0 >= 0 }) else {
        throw fail("has shape \(shape), but no dimension may be negative")
      }
      guard let byteCount = item.type.byteCount(shape: item.shape) else {
        throw fail("has shape \(shape) of \(item.type.rawValue), but its size in bytes must fit in 63 bits")
      }
      let (end, overflow) = offset.addingReportingOverflow(byteCount)
      guard !overflow else { throw fail("ends beyond what fits in 63 bits, but the size of all tensors must fit") }
      separate()
      json += quote(item.name)
      let dimensions = item.shape.map(String.init).joined(separator: ",")
      json += #":{"dtype":"\#(item.type.rawValue)","shape":[\#(dimensions)],"data_offsets":[\#(offset),\#(end)]}"#.utf8
      offset = end
      byteCounts.append(byteCount)
    }
    if json.isEmpty { separate() }
    json.append(UInt8(ascii: "}"))
    json += [UInt8](repeating: UInt8(ascii: " "), count: (alignment - (8 + json.count) % alignment) % alignment)
    try checkLength(json.count, file: file)
    return (withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json, byteCounts)
  }

  private static func checkLength(_ count: Int, file: String) throws {
    guard count <= SafetensorsHeader.longest else {
      throw SafetensorsError(
        file: file,
        "needs a header of at least \(count) bytes, but at most \(SafetensorsHeader.longest) are allowed")
    }
  }

  private static func quote(_ text: String) -> [UInt8] {
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: quoted += ("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8
      default: quoted.append(byte)
      }
    }
    return quoted + [UInt8(ascii: "\"")]
  }
}
