import Files
import Foundation

/// Where the bytes of a safetensors file are.
protocol SafetensorsStorage: Sendable {
  /// What errors call it.
  var file: String { get }
  /// The number of bytes.
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
struct SafetensorsMemory: SafetensorsStorage {
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

/// A file on the disk and its mapping, if it has one, both released with the last reference.
final class SafetensorsOnDisk: SafetensorsStorage, @unchecked Sendable {
  let file: String
  private let isMapped: Bool
  private let opened: OpenedFile
  /// Set once, by `map`, before the object is shared.
  private var mapping: UnsafeRawBufferPointer?

  var count: Int { opened.byteCount }

  init(url: URL, isMapped: Bool) throws {
    self.isMapped = isMapped
    let file = url.isFileURL ? url.path : url.absoluteString
    self.file = file
    guard url.isFileURL, !file.utf8.contains(0) else {
      throw SafetensorsError(file: file, "cannot be opened: it must be the path of a file")
    }
    opened = try Self.naming(file, "opened") { () throws(OpenedFile.Failure) in try OpenedFile(file) }
    if let kind = opened.irregularKind {
      throw SafetensorsError(file: file, "is \(kind), but must be a regular file")
    }
  }

  deinit { if let mapping { munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress!), mapping.count) } }

  private static func naming<R>(
    _ file: String, _ verb: String, _ body: () throws(OpenedFile.Failure) -> R
  ) throws -> R {
    do { return try body() } catch {
      switch error {
      case .system(let error): throw SafetensorsError(file: file, cannotBe: verb, error)
      case .ended(let byte): throw SafetensorsError(file: file, "ended at byte \(byte) while it was \(verb)")
      }
    }
  }

  /// Maps the whole file, which may not be empty.
  func map() throws {
    guard isMapped else { return }
    mapping = try Self.naming(file, "mapped into memory") { () throws(OpenedFile.Failure) in try opened.mapped() }
  }

  /// Reads without the mapping, so that a file cut meanwhile is an error and no signal.
  func read(at offset: Int, to buffer: UnsafeMutableRawBufferPointer) throws {
    do { try opened.read(at: offset, to: buffer) } catch {
      switch error {
      case .system(let error): throw SafetensorsError(file: file, cannotBe: "read", error)
      case .ended(let byte):
        throw SafetensorsError(
          file: file, "ended at byte \(byte) while it was read, but had \(count) bytes when opened")
      }
    }
  }

  /// The length that the file has now.
  func currentLength() throws -> Int {
    try Self.naming(file, "inspected") { () throws(OpenedFile.Failure) in try opened.currentLength() }
  }

  func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    guard let mapping else { return try read(at: range.lowerBound, count: range.count).withUnsafeBytes(body) }
    return try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(rebasing: mapping[range])) }
  }
}
