/// What is left of a data set without images at even distances, with no table of them.
struct SpacedRest: DerivedDataset {
  let base: any ImageDataset
  let count: Int
  private let removed: Int
  private let step: Int
  private let offset: Int

  /// A set of up to so many images has a table instead, of 8 bytes each.
  static let leastCount = 4_000_000

  /// - Parameters:
  ///   - removed: how many images are missing: `offset`, `offset + step`, and so on.
  init(of base: any ImageDataset, without removed: Int, step: Int, offset: Int) {
    precondition(
      step > 1 && (0..<step).contains(offset) && removed * step <= base.count, "the images taken out are there")
    self.base = base
    self.removed = removed
    self.step = step
    self.offset = offset
    count = base.count - removed
  }

  var split: DatasetSplit { .train }

  private func index(_ own: Int) -> Int {
    let (number, place) = own.quotientAndRemainder(dividingBy: step - 1)
    guard number < removed else { return own + removed }
    return number * step + place + (place >= offset ? 1 : 0)
  }

  func label(at index: Int) -> Int? { base.label(at: self.index(index)) }

  func attribute(_ attribute: Int, at index: Int) -> Bool? { base.attribute(attribute, at: self.index(index)) }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try base.copyPixels(at: self.index(index), to: buffer)
  }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom) throws {
    try base.copyPixels(at: self.index(index), to: buffer, random: &random)
  }
}
