import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct LinearAlgebraTests {
  @Test func products() throws {
    let a = try Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    let b = try Tensor([1.0, 0, 2, 1, 0, 3], shape: [3, 2])
    #expect(try a.matmul(b).elements() == [5.0, 11, 14, 23])
    #expect(try a.matmul(b, adding: Tensor([10.0, 20])).elements() == [15.0, 31, 24, 43])
    let sum = try Tensor.ones([2, 2], .float64)
    try sum.addMatmulInPlace(a, b)
    #expect(try sum.elements() == [6.0, 12, 15, 24])
    #expect(try a.matmul(Tensor([1.0, 1, 1])).elements() == [6.0, 15])
    #expect(try a.reshaped([1, 2, 3]).matmul(b).shape == [1, 2, 2])
  }

  @Test func triangles() throws {
    let matrix = try Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], shape: [3, 3])
    #expect(try matrix.lowerTriangle().elements(Int.self) == [1, 0, 0, 4, 5, 0, 7, 8, 9])
    #expect(try matrix.lowerTriangle(diagonal: -1).elements(Int.self) == [0, 0, 0, 4, 0, 0, 7, 8, 0])
    #expect(try matrix.upperTriangle(diagonal: 1).elements(Int.self) == [0, 2, 3, 0, 0, 6, 0, 0, 0])
    #expect(try matrix.diagonal().elements(Int.self) == [1, 5, 9])
    #expect(try Tensor([1, 2]).diagonal().elements(Int.self) == [1, 0, 0, 2])
  }

  @Test(arguments: 1...8) func decompositions(size: Int) throws {
    let matrix = try randomTensor([size, size], seed: UInt64(size))
    let identity = try Tensor.identity(size, .float64)
    try expectClose(matrix.matmul(matrix.inverse()), identity, within: 1e-10, "inverse")

    let (q, r) = try matrix.qr()
    try expectClose(q.matmul(r), matrix, within: 1e-13, "QR")
    try expectClose(q.transposed.matmul(q), identity, within: 1e-13, "QᵀQ")
    try expectEqual(r.upperTriangle(), r, "R")

    let (p, l, u) = try matrix.plu()
    try expectClose(p.matmul(l).matmul(u), matrix, within: 1e-13, "PLU")
    try expectEqual(p.matmul(p.transposed), identity, "PPᵀ")
    try expectEqual(l.lowerTriangle(), l, "L")
    try expectEqual(u.upperTriangle(), u, "U")

    // |det| from U, the sign also from the parity of P.
    let diagonal = try u.diagonal().elements(Double.self)
    let (sign, logDeterminant) = try matrix.signAndLogDeterminant()
    expectClose(
      [try logDeterminant.item()], [diagonal.map { log(abs($0)) }.reduce(0, +)], within: 1e-13, "log|det|")
    let parity = try p.signAndLogDeterminant().sign.item()
    #expect(try sign.item() == diagonal.map { $0 < 0 ? -1 : 1 }.reduce(parity, *))

    let singular = try matrix.singularValues().elements(Double.self)
    #expect(singular == singular.sorted(by: >) && singular.count == size)
    expectClose(
      [singular.map { $0 * $0 }.reduce(0, +)], [try matrix.squared().sum().item()], within: 1e-13, "singular values")
    expectClose([singular.map { log($0) }.reduce(0, +)], [try logDeterminant.item()], within: 1e-12, "their product")
  }

  @Test func knownDeterminant() throws {
    let (sign, logDeterminant) = try Tensor([0.0, 2, 3, 0], shape: [2, 2]).signAndLogDeterminant()
    #expect(try sign.item() == -1)
    expectClose([try logDeterminant.item()], [log(6)], within: 1e-15, "log|det|")
    #expect(try Tensor([3.0, -2, 0.5]).diagonal().singularValues().elements() == [3.0, 2, 0.5])
  }
}
