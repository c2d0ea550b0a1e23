/// The bytes of a file, on disk or in memory, of which a reader takes parts.
package protocol ByteSource {
  /// The first `limit` bytes, or all.
  func head(_ limit: Int) throws -> [UInt8]

  /// Nil where the file ends before.
  func part(at offset: Int, count: Int) throws -> [UInt8]?
}

extension ByteSource {
  func head() throws -> [UInt8] { try head(.max) }
}

extension UnsafeBufferPointer<UInt8>: ByteSource {
  package func head(_ limit: Int) -> [UInt8] { Array(prefix(limit)) }

  package func part(at offset: Int, count: Int) -> [UInt8]? {
    count <= self.count && offset <= self.count - count ? Array(self[offset..<offset + count]) : nil
  }
}

/// Bytes that can be had from the start alone. What lies behind the first ones is taken with all the others, once.
package final class SequentialBytes: ByteSource {
  private let read: (_ limit: Int) throws -> [UInt8]
  private var known: [UInt8] = []
  private var isWhole = false

  /// - Parameter read: gives the first `limit` bytes, or all.
  package init(reading read: @escaping (_ limit: Int) throws -> [UInt8]) { self.read = read }

  package func head(_ limit: Int) throws -> [UInt8] {
    if !isWhole, known.count < limit {
      known = try read(limit)
      isWhole = known.count < limit
    }
    return Array(known.prefix(limit))
  }

  package func part(at offset: Int, count: Int) throws -> [UInt8]? {
    guard offset <= Int.max - count else { return nil }
    if offset + count > known.count { _ = try head(.max) }
    return known.withUnsafeBufferPointer { $0.part(at: offset, count: count) }
  }
}
