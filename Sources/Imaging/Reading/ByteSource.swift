/// The bytes of a file, on disk or in memory, of which a reader takes parts.
protocol ByteSource {
  var byteCount: Int { get }

  /// - Precondition: there are so many bytes.
  func bytes(at offset: Int, count: Int) throws -> [UInt8]
}

extension ByteSource {
  /// Nil where the file ends before.
  func part(at offset: Int, count: Int) throws -> [UInt8]? {
    guard count <= byteCount, offset <= byteCount - count else { return nil }
    return try bytes(at: offset, count: count)
  }
}

extension UnsafeBufferPointer<UInt8>: ByteSource {
  var byteCount: Int { count }

  func bytes(at offset: Int, count: Int) -> [UInt8] { Array(self[offset..<offset + count]) }
}
