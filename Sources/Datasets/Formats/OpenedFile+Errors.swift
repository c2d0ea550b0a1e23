import Files

extension OpenedFile {
  /// Opens a file of a data set.
  /// - Throws: `DatasetError.unreadable`, naming the file.
  static func opening(_ path: String) throws(DatasetError) -> OpenedFile {
    do { return try OpenedFile(path) } catch {
      // Only reading finds an end.
      guard case .system(let error) = error else { preconditionFailure("\(path): \(error)") }
      throw .unreadable(file: path, reason: error.systemReason)
    }
  }

  /// A copy of some bytes.
  /// - Throws: `DatasetError.truncated`, naming `field`, where the file ends before; `DatasetError.unreadable`.
  func read(at offset: Int, count: Int, field: String) throws(DatasetError) -> [UInt8] {
    do { return try read(at: offset, count: count) } catch {
      switch error {
      case .ended(let found):
        throw .truncated(
          file: path, field: field, expectedBytes: Int(clamping: UInt(offset) + UInt(count)), foundBytes: found)
      case .system(let error): throw .unreadable(file: path, reason: error.systemReason)
      }
    }
  }
}
