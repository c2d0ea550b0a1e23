import Foundation

/// The type of the elements of a tensor in a safetensors file. All are little-endian.
public enum SafetensorsType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// The size of one element in bytes.
  public var byteWidth: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The size of a tensor in bytes, or nil where a dimension is negative or the size does not fit in an `Int`.
  ///
  /// The size must fit even with dimensions of zero left out, so that strides computed from the shape fit too.
  func byteCount(shape: [Int]) -> Int? {
    var count = byteWidth
    for dimension in shape where dimension != 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension > 0, !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}

/// What a safetensors file says about one of its tensors.
public struct SafetensorsEntry: Sendable, Hashable {
  /// The name of the tensor.
  public let name: String
  /// The type of its elements.
  public let type: SafetensorsType
  /// Its dimensions, outermost first: the elements are in row-major order. A scalar has none.
  public let shape: [Int]
  /// Where its elements lie in the data of the file, which begins behind the header.
  public let byteRange: Range<Int>

  /// The number of its elements.
  public var elementCount: Int { byteRange.count / type.byteWidth }
}

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
        file: file, "has a header of \(length) bytes, but at most \(SafetensorsHeader.longest) are allowed")
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

/// Where the bytes of a safetensors file are.
private protocol SafetensorsStorage: Sendable {
  /// What errors call it.
  var file: String { get }
  /// Of bytes.
  var count: Int { get }
  /// Called once, before the first `withBytes`.
  func map() throws
  /// Fills a buffer with the bytes from `offset` on.
  func read(at offset: Int, to buffer: UnsafeMutableRawBufferPointer) throws
  /// The length that the file has now.
  func currentLength() throws -> Int
  func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R
}

extension SafetensorsStorage {
  /// A copy of some bytes.
  func read(at offset: Int, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      try read(at: offset, to: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      done = count
    }
  }
}

/// A file held in memory.
private struct SafetensorsMemory: SafetensorsStorage {
  let file: String
  let content: [UInt8]

  var count: Int { content.count }
  func map() {}
  func read(at offset: Int, to buffer: UnsafeMutableRawBufferPointer) {
    buffer.copyBytes(from: content[offset..<offset + buffer.count])
  }
  func currentLength() -> Int { content.count }

  func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try content.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }
}

/// A file opened for reading and its mapping, if it has one, both released with the last reference.
private final class SafetensorsOnDisk: SafetensorsStorage, @unchecked Sendable {
  let file: String
  let count: Int
  private let isMapped: Bool
  private let descriptor: Int32
  /// Set once, by `map`, before the object is shared.
  private var base: UnsafeMutableRawPointer?

  init(url: URL, isMapped: Bool) throws {
    self.isMapped = isMapped
    file = url.isFileURL ? url.path : url.absoluteString
    guard url.isFileURL, !file.utf8.contains(0) else {
      throw SafetensorsError(file: file, "cannot be opened: it must be the path of a file")
    }
    // Not to wait where the path is a named pipe.
    descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw SafetensorsError(file: file, cannotBe: "opened", errno)
    }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else {
      let code = errno
      close(descriptor)
      throw SafetensorsError(file: file, cannotBe: "inspected", code)
    }
    guard info.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let kind = info.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device, pipe or socket"
      throw SafetensorsError(file: file, "is \(kind), but must be a regular file")
    }
    count = Int(info.st_size)
  }

  deinit {
    if let base { munmap(base, count) }
    close(descriptor)
  }

  /// Maps the whole file, which may not be empty.
  func map() throws {
    guard isMapped else { return }
    let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw SafetensorsError(file: file, cannotBe: "mapped into memory", errno)
    }
    base = address
  }

  /// Reads without the mapping, so that a file cut meanwhile is an error and no signal.
  func read(at offset: Int, to buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let step = pread(descriptor, buffer.baseAddress! + done, min(buffer.count - done, 1 << 30), off_t(offset + done))
      if step > 0 {
        done += step
      } else if step == 0 {
        throw SafetensorsError(
          file: file, "ended at byte \(offset + done) while it was read, but had \(count) bytes when opened")
      } else if errno != EINTR {
        throw SafetensorsError(file: file, cannotBe: "read", errno)
      }
    }
  }

  /// The length that the file has now.
  func currentLength() throws -> Int {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else {
      throw SafetensorsError(file: file, cannotBe: "inspected", errno)
    }
    return Int(info.st_size)
  }

  func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    guard let base else { return try read(at: range.lowerBound, count: range.count).withUnsafeBytes(body) }
    return try withExtendedLifetime(self) {
      try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(start: base, count: count)[range]))
    }
  }
}
