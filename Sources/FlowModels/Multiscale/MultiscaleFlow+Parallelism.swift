import Flows
import Torch

// What threads do side by side: each has layers of its own, with gradients of their own, and all read the same values.

extension MultiscaleFlow {
  public func shares(of batch: Int) -> [Range<Int>] {
    let count = max(1, min(shareCount, batch))
    return (0..<count).map { $0 * batch / count..<($0 + 1) * batch / count }
  }

  /// The threads that take images of their own.
  private var shareCount: Int {
    // Batch normalizations take the statistics of the whole batch.
    guard parallelism != .operations, options.device == .cpu, !keepsStatistics else { return 1 }
    return parallelism == .images || parameters.count <= Self.largestShared ? Runtime.threadCount : 1
  }

  /// Parameters. The gradients of larger models would cost each thread much memory, and their operations lose little by meetings.
  private static var largestShared: Int { 8 << 20 }

  /// Whether one thread takes a single image through the model: where operations are so small that others would be waited for
  /// longer than they help, above all if something else keeps them busy.
  private var isForOneThread: Bool {
    options.device == .cpu && parallelism == .automatic
      && parameters.count * configuration.dimensions <= Self.mostWorkForOneThread
  }

  /// Parameters times dimensions, of which the work on an image is a fraction: about a millisecond.
  private static var mostWorkForOneThread: Int { 1 << 29 }

  /// What `body` gives for each share of a batch, which it takes through the model that it is given.
  func sideBySide<R>(_ shares: [Range<Int>], _ body: (MultiscaleFlow, Range<Int>) throws -> R) throws -> [R] {
    guard shares.count > 1 else {
      guard shares[0].count == 1, isForOneThread else { return [try body(self, shares[0])] }
      return try Interruption.sideBySide(1) { _ in try body(self, shares[0]) }
    }
    while helpers.count < shares.count - 1 { helpers.append(try MultiscaleFlow(helping: self)) }
    return try Interruption.sideBySide(shares.count) { index in
      try body(index == 0 ? self : helpers[index - 1], shares[index])
    }
  }

  /// As ``sideBySide(_:_:)`` for passes that give a number, or numbers, an image.
  func joined(
    _ batch: Int, _ body: (MultiscaleFlow, Range<Int>) throws -> Tensor
  ) throws -> Tensor {
    let parts = try sideBySide(shares(of: batch), body)
    return parts.count == 1 ? parts[0] : try .concatenating(parts, alongDimension: 0)
  }
}
