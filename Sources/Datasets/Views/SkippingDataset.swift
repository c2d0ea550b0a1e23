import Synchronization

/// A data set in which an image that cannot be read gives way to the next one with its label that can: the order of the
/// others stays as it was.
public final class SkippingDataset: DerivedDataset {
  let base: any ImageDataset
  /// The most images that may be skipped.
  public let limit: Int
  /// For each image that cannot be read, the one in its place, or itself while there is none.
  private let skipped: Mutex<[Int: Int]>
  private let reports = Mutex<[Report]>([])

  /// What is wrong with an image that was skipped.
  public struct Report: Sendable, Equatable {
    /// How many it makes with those before, from 1.
    public let number: Int
    /// A sentence that names the file.
    public let text: String
  }

  /// Nothing is read yet.
  /// - Parameter damaged: images known from before; they count, but are not reported.
  public init(_ base: any ImageDataset, limit: Int, damaged: [Int] = []) {
    self.base = base
    self.limit = limit
    skipped = Mutex(
      Dictionary(uniqueKeysWithValues: Set(damaged).filter((0..<base.count).contains).map { ($0, $0) }))
  }

  /// The images that cannot be read, as far as they were asked for, in order.
  public var damaged: [Int] { skipped.withLock { $0.keys.sorted() } }

  /// Of a damaged image, that of the one in its place, as far as it was read.
  public func attribute(_ attribute: Int, at index: Int) -> Bool? {
    base.attribute(attribute, at: skipped.withLock { $0[index] } ?? index)
  }

  /// What is wrong with the images that were skipped since the last call.
  public func takeReports() -> [Report] {
    reports.withLock { reports in
      defer { reports = [] }
      return reports
    }
  }

  /// Takes images that other processes found damaged as known: they count.
  /// - Throws: `DatasetError.tooManyDamaged` beyond the limit.
  public func learn(damaged: [Int]) throws {
    let count = skipped.withLock { skipped in
      for index in damaged where skipped[index] == nil { skipped[index] = index }
      return skipped.count
    }
    guard count <= limit else {
      throw DatasetError.tooManyDamaged(name: name, limit: limit, last: "they were found by several processes")
    }
  }

  /// Reads image `index`, or the one in its place.
  /// - Throws: `DatasetError.tooManyDamaged` beyond the limit; `DatasetError.noneReadable` where no image of the label can
  ///   be read.
  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try substituting(index) { try base.copyPixels(at: $0, to: buffer) }
  }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    let start = random
    try substituting(index) {
      random = start
      try base.copyPixels(at: $0, to: buffer, random: &random)
    }
  }

  private func substituting(_ index: Int, _ body: (Int) throws -> Void) throws {
    let known = skipped.withLock { $0[index] }
    if known == nil || known != index {
      do { return try body(known ?? index) } catch { try skip(known ?? index, error) }
    }
    let label = base.label(at: index)
    for distance in 1..<max(2, base.count) {
      let other = (index + distance) % base.count
      guard base.label(at: other) == label, skipped.withLock({ $0[other] == nil }) else { continue }
      do {
        try body(other)
        skipped.withLock { $0[index] = other }
        return
      } catch { try skip(other, error) }
    }
    throw DatasetError.noneReadable(name: name, split: split, className: label.map { base.classNames[$0] })
  }

  private func skip(_ index: Int, _ error: any Error) throws {
    let (isNew, count) = skipped.withLock { skipped in
      let isNew = skipped[index] == nil
      if isNew { skipped[index] = index }
      return (isNew, skipped.count)
    }
    guard count <= limit else { throw DatasetError.tooManyDamaged(name: name, limit: limit, last: "\(error)") }
    if isNew { reports.withLock { $0.append(Report(number: count, text: "\(error)")) } }
  }
}
