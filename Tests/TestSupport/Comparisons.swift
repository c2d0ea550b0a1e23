import Testing
import Torch

/// Expects each element of `found` to be within `tolerance` of that of `expected`, in units of the largest magnitude of
/// `expected` or 1, whichever is larger.
public func expectClose(
  _ found: [Double], _ expected: [Double], within tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record("\(what): \(found.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let unit = max(1, expected.map(\.magnitude).max() ?? 1)
  // Written so that NaN is a failure, and two equal infinities are none.
  let isClose = zip(found, expected).map { $0 == $1 || ($0 - $1).magnitude <= tolerance * unit }
  if let bad = isClose.firstIndex(of: false) {
    Issue.record(
      "\(what): element \(bad) is \(found[bad]), expected \(expected[bad]) within \(tolerance * unit)",
      sourceLocation: sourceLocation)
  }
}

/// Expects two tensors to have the same shape and type, and elements that are near each other.
public func expectClose(
  _ found: Tensor, _ expected: Tensor, within tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  guard found.shape == expected.shape, found.dtype == expected.dtype else {
    Issue.record("\(what): \(found), expected \(expected)", sourceLocation: sourceLocation)
    return
  }
  expectClose(try found.elements(), try expected.elements(), within: tolerance, what, sourceLocation: sourceLocation)
}

/// Expects two tensors to have the same shape, type and elements.
public func expectEqual(
  _ found: Tensor, _ expected: Tensor, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expectClose(found, expected, within: 0, what, sourceLocation: sourceLocation)
}

/// Expects `body` to leave as many tensors and generators alive as it found.
public func expectNoLeak(
  _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws {
  let before = Tensor.liveHandles
  try body()
  #expect(Tensor.liveHandles == before, "\(what): handles alive", sourceLocation: sourceLocation)
}

/// Runs `body` with one thread an operation: on matrices this small, threads wait for each other longer than they work.
public func onOneThread<R>(_ body: () throws -> R) throws -> R {
  let own = Runtime.threadCount
  try Runtime.setThreadCount(1)
  let result = Result { try body() }
  try Runtime.setThreadCount(own)
  return try result.get()
}
