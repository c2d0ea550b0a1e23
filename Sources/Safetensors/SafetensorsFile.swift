import Foundation

/// A safetensors file, mapped into memory: opening it reads the header only, and the bytes of a tensor are read from
/// the disk as they are touched.
///
/// Everything the header says is checked before `init` returns: each tensor lies within the file, has as many bytes as
/// its shape and type need, and the tensors cover the data with no overlap, hole or rest. Names that Unicode holds to
/// be equivalent count as equal, as everywhere in Swift, so a file with two such names is refused. The values are not
/// looked at: the bytes of a `bool` may be other than 0 and 1.
///
/// The mapping stays valid when the file is deleted or replaced by a rename, as `SafetensorsWriter` does. It does not
/// survive another process that changes the file in place: the values change beneath the reader, and where the file
/// was cut short, touching the lost pages ends this process with `SIGBUS`. `withBytes` looks at the length of the file
/// first and throws where it was cut, which leaves only a cut that happens while its body runs.
///
/// ```swift
/// let file = try SafetensorsFile(contentsOf: URL(filePath: "Models/fashion-mnist/model.safetensors"))
/// for name in file.names { print(name, try file.entry(name).shape) }
/// let first = try file.withBytes(of: file.names[0]) { bytes in bytes.loadUnaligned(as: Float.self) }
/// ```
public final class SafetensorsFile: Sendable {
  /// The tensors, by name.
  public let entries: [String: SafetensorsEntry]
  /// The names of the tensors, in the order of their data in the file.
  public let names: [String]
  /// The text that was stored beside the tensors; empty where there is none.
  public let metadata: [String: String]

  /// The path that the file was opened at.
  public var path: String { mapping.file }

  private let mapping: any SafetensorsStorage
  private let dataStart: Int

  /// Opens a file and checks its header.
  /// - Parameter isMapped: whether the file is mapped into memory. Without, every read asks the system, and one that fails is
  ///   thrown: for files on remote mounts, where a mapped page that cannot be read ends the process with `SIGBUS`.
  /// - Throws: `SafetensorsError` where the file cannot be read or is malformed.
  public convenience init(contentsOf url: URL, isMapped: Bool = true) throws {
    try self.init(SafetensorsOnDisk(url: url, isMapped: isMapped))
  }

  /// Checks the header of a file that is held in memory.
  /// - Parameter name: what errors call it.
  /// - Throws: `SafetensorsError` where it is malformed.
  public convenience init(bytes: [UInt8], name: String) throws {
    try self.init(SafetensorsMemory(file: name, content: bytes))
  }

  private init(_ mapping: any SafetensorsStorage) throws {
    let file = mapping.file
    guard mapping.count >= 8 else {
      throw SafetensorsError(
        file: file, "has \(mapping.count) bytes, but the length of the header alone takes 8")
    }
    let length = try mapping.read(at: 0, count: 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= SafetensorsHeader.longest else {
      throw SafetensorsError(
        file: file,
        "is no safetensors file: it has a header of \(length) bytes, but at most \(SafetensorsHeader.longest) are allowed"
      )
    }
    guard Int(length) <= mapping.count - 8 else {
      throw SafetensorsError(
        file: file, "has a header of \(length) bytes, but only \(mapping.count - 8) bytes follow its length")
    }
    dataStart = 8 + Int(length)
    let header = try SafetensorsHeader(
      json: mapping.read(at: 8, count: Int(length)), dataCount: mapping.count - dataStart, file: file)
    try mapping.map()
    names = header.entries.map(\.name)
    entries = Dictionary(header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    metadata = header.metadata
    self.mapping = mapping
  }

  /// What the file says about a tensor.
  /// - Throws: `SafetensorsError` where the file has no such tensor.
  public func entry(_ name: String) throws -> SafetensorsEntry {
    if let entry = entries[name] { return entry }
    let some = names.prefix(8).map { SafetensorsError.quote($0, limit: 60) }.joined(separator: ", ")
    let more = names.count > 8 ? " and \(names.count - 8) more" : ""
    throw SafetensorsError(
      file: mapping.file, tensor: name,
      names.isEmpty ? "is not there: the file has no tensors" : "is not there: the file has \(some)\(more)")
  }

  /// Copies some of the bytes of a tensor, read from the file and not from its mapping.
  /// - Parameters:
  ///   - range: within the tensor.
  ///   - buffer: of the range's size.
  /// - Throws: `SafetensorsError` where the file has no such tensor, or cannot be read there.
  public func copyBytes(of name: String, _ range: Range<Int>, to buffer: UnsafeMutableRawBufferPointer) throws {
    let own = try entry(name).byteRange
    precondition(
      range.lowerBound >= 0 && range.upperBound <= own.count && range.count == buffer.count,
      "bytes \(range) of \(own.count) do not fit a buffer of \(buffer.count)")
    try mapping.read(at: dataStart + own.lowerBound + range.lowerBound, to: buffer)
  }

  /// Hands the bytes of a tensor to `body`, where the file is mapped without a copy.
  ///
  /// The bytes need not be aligned for their type: read them with `loadUnaligned`, or copy them as bytes. They may not
  /// be used after `body` returns.
  /// - Throws: `SafetensorsError` where the file has no such tensor or was cut short since it was opened; what `body`
  ///   throws.
  public func withBytes<R>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let range = try entry(name).byteRange
    let (begin, end) = (dataStart + range.lowerBound, dataStart + range.upperBound)
    let length = try mapping.currentLength()
    guard range.isEmpty || length >= end else {
      throw SafetensorsError(
        file: mapping.file, tensor: name,
        "ends at byte \(end) of the file, but the file was cut to \(length) bytes since it was opened")
    }
    return try mapping.withBytes(begin..<end, body)
  }
}
