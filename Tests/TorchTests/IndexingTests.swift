import TestSupport
import Testing
import Torch

@Suite(.serialized) struct IndexingTests {
  private func numbers() throws -> Tensor { try Tensor(Array(0..<24).map(Double.init), shape: [2, 3, 4]) }

  private func expect(
    _ found: Tensor, _ expected: Tensor, _ shape: [Int], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(found.shape == shape, sourceLocation: sourceLocation)
    #expect(try found.elements(Double.self) == expected.elements(), sourceLocation: sourceLocation)
  }

  @Test func rangesKeepTheDimension() throws {
    let x = try numbers()
    try expect(x[0..<1], x.narrowed(0, 0..<1), [1, 3, 4])
    try expect(x[1...1], x.narrowed(0, 1..<2), [1, 3, 4])
    try expect(x[0..., 1...], x.narrowed(1, 1..<3), [2, 2, 4])
    try expect(x[..<1, ...1, 2..<4], x.narrowed(0, 0..<1).narrowed(1, 0..<2).narrowed(2, 2..<4), [1, 2, 2])
    try expect(x[2...], x.narrowed(0, 2..<2), [0, 3, 4])
    try expect(x[1..<1], x.narrowed(0, 1..<1), [0, 3, 4])
    #expect(try x[0...].shape == [2, 3, 4])
  }

  @Test func indicesDropTheDimension() throws {
    let x = try numbers()
    try expect(x[1], x.narrowed(0, 1..<2), [3, 4])
    try expect(x[-1], x.narrowed(0, 1..<2), [3, 4])
    try expect(x[0..., 2], x.narrowed(1, 2..<3), [2, 4])
    try expect(x[0..., 0..., -2], x.narrowed(2, 2..<3), [2, 3])
    try expect(x[0, 1...2, 3], x.narrowed(0, 0..<1).narrowed(1, 1..<3).narrowed(2, 3..<4), [2])
    #expect(try x[1, 2, 3].shape == [] && x[1, 2, 3].item() == 23)
    // A dimension of one entry.
    #expect(try x[0..<1][0].shape == [3, 4])
  }

  @Test func theyAreViews() throws {
    let x = try numbers()
    #expect(try x[1, 0..., 2].sharesMemory(with: x))
    try x[0..., 0..., 0].zeroInPlace()
    try x[1, 2].assign(Tensor([7.0, 7, 7, 7]))
    #expect(
      try x.elements(Double.self) == [0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19, 7, 7, 7, 7])
  }

  @Test func whatLiesOutsideIsRefused() throws {
    let x = try numbers()
    func message(_ body: () throws -> Tensor) throws -> String {
      "\(try #require(throws: TorchError.self) { _ = try body() })"
    }
    #expect(try message { try x[2] } == "subscript of [2, 3, 4]: 2 is outside of dimension 0, which has 2 entries")
    #expect(try message { try x[-3] }.hasSuffix("-3 is outside of dimension 0, which has 2 entries"))
    #expect(try message { try x[0, 1..<4] }.hasSuffix("1..<4 is outside of dimension 1, which has 3 entries"))
    #expect(try message { try x[0, 0, -1..<1] }.hasSuffix("-1..<1 is outside of dimension 2, which has 4 entries"))
    #expect(try message { try x[3...] }.contains("is outside of dimension 0"))
    #expect(try message { try x[..<(-1)] }.contains("is outside of dimension 0"))
    #expect(try message { try x[0, 0, 0, 0] }.hasSuffix("4 indices for 3 dimensions"))
    #expect(try message { try Tensor.ones([])[0] }.hasSuffix("1 indices for 0 dimensions"))
  }
}
