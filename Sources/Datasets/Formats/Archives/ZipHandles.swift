import CDataFormats
import Foundation

/// Handles of one zip archive. Each is for one thread at a time; a thread that finds none free opens another, or waits
/// where there are enough.
final class ZipHandles: @unchecked Sendable {
  private let path: String
  private let condition = NSCondition()
  private var free: [OpaquePointer] = []
  /// How many more may be opened.
  private var unopened: Int

  /// - Throws: `DatasetError`, naming the file.
  init(_ path: String) throws {
    self.path = path
    let first = try Self.open(path)
    free = [first]
    // Each holds an index of its own, so that archives of very many members get few.
    let affordable = 200_000 / max(1, Int(zip_get_num_entries(first, 0)))
    unopened = min(7, ProcessInfo.processInfo.activeProcessorCount, affordable)
  }

  deinit { free.forEach(zip_discard) }

  func with<Result>(_ body: (OpaquePointer) throws -> Result) throws -> Result {
    let handle = try take()
    defer { give(handle) }
    return try body(handle)
  }

  private func take() throws -> OpaquePointer {
    if let handle = takeFree() { return handle }
    do { return try Self.open(path) } catch {
      condition.withLock { unopened += 1 }
      condition.signal()
      throw error
    }
  }

  /// - Returns: nil where one is to be opened.
  private func takeFree() -> OpaquePointer? {
    condition.withLock {
      while true {
        if let handle = free.popLast() { return handle }
        if unopened > 0 {
          unopened -= 1
          return nil
        }
        condition.wait()
      }
    }
  }

  private func give(_ handle: OpaquePointer) {
    condition.withLock { free.append(handle) }
    condition.signal()
  }

  private static func open(_ path: String) throws -> OpaquePointer {
    var code: Int32 = 0
    guard let opened = zip_open(path, ZIP_RDONLY, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      defer { zip_error_fini(&error) }
      throw DatasetError.damagedZip(file: path, member: nil, reason: String(cString: zip_error_strerror(&error)))
    }
    return opened
  }
}
