/// What a tensor's subscript takes along one dimension. An `Int` picks an entry and drops the dimension; a negative one counts
/// from the end. A range keeps the dimension.
public protocol TensorIndex {
  /// What is picked of a dimension of `count` entries, as far as it can be said: it may lie outside.
  func entries(of count: Int) -> Range<Int>
}

extension Int: TensorIndex {
  public func entries(of count: Int) -> Range<Int> {
    let place = self < 0 ? self + count : self
    return place..<place + 1
  }
}

extension Range: TensorIndex where Bound == Int {
  public func entries(of count: Int) -> Range<Int> { self }
}

extension ClosedRange: TensorIndex where Bound == Int {
  public func entries(of count: Int) -> Range<Int> { lowerBound..<upperBound + 1 }
}

extension PartialRangeFrom: TensorIndex where Bound == Int {
  public func entries(of count: Int) -> Range<Int> { lowerBound..<Swift.max(lowerBound, count) }
}

extension PartialRangeUpTo: TensorIndex where Bound == Int {
  public func entries(of count: Int) -> Range<Int> { Swift.min(0, upperBound)..<upperBound }
}

extension PartialRangeThrough: TensorIndex where Bound == Int {
  public func entries(of count: Int) -> Range<Int> { Swift.min(0, upperBound + 1)..<upperBound + 1 }
}

extension Tensor {
  /// A view of some entries, by an index or a range for each of the first dimensions; the other dimensions stay whole.
  ///
  /// ```swift
  /// let first = try images[0]  // [height, width, channel]
  /// let others = try images[1...]  // [batch - 1, height, width, channel]
  /// let red = try images[0..., 0..., 0..., 0]  // [batch, height, width]
  /// try images[0, ..<4, ..<4].zeroInPlace()  // a corner of the first image, in place
  /// ```
  /// - Throws: ``TorchError`` for more indices than dimensions, and for one outside its dimension.
  public subscript(indices: any TensorIndex...) -> Tensor {
    get throws {
      let shape = shape
      guard indices.count <= shape.count else {
        throw refused("\(indices.count) indices for \(shape.count) dimensions")
      }
      var view = self
      for (dim, index) in indices.enumerated() {
        let entries = index.entries(of: shape[dim])
        guard 0 <= entries.lowerBound, entries.upperBound <= shape[dim] else {
          throw refused("\(index) is outside of dimension \(dim), which has \(shape[dim]) entries")
        }
        if entries.count < shape[dim] { view = try view.narrowed(dim, entries) }
      }
      guard indices.contains(where: { $0 is Int }) else { return view }
      let kept = view.shape.enumerated().filter { dim, _ in !(dim < indices.count && indices[dim] is Int) }
      return try view.reshaped(kept.map(\.element))
    }
  }

  private func refused(_ message: String) -> TorchError {
    TorchError(operation: "subscript", shapes: [shape], message: message)
  }
}
