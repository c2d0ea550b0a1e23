import FlowModels
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct QuantizationTests {
  private let bytes = (0...255).map(UInt8.init)

  private func pixels() throws -> Tensor { try Tensor(bytes, shape: [1, 16, 16, 1]) }

  @Test(arguments: 1...8, [DType.float32, .float64]) func roundTrip(bits: Int, dtype: DType) throws {
    let quantization = Quantization(bits: bits)
    let step = 1 << (8 - bits)
    let expected = bytes.map { UInt8(Int($0) / step * step) }
    for u in [nil, 0, 0.25, 0.5, 0.999] as [Double?] {
      let noise = try u.map { try Tensor.full($0, [1, 16, 16, 1], dtype) }
      let x = try quantization.dequantize(pixels(), noise: noise, as: dtype)
      #expect(x.dtype == dtype && x.shape == [1, 16, 16, 1])
      let values = bytes.map { (floor(Double($0) / Double(step)) + (u ?? 0.5)) / Double(1 << bits) - 0.5 }
      expectClose(try x.elements(), values, within: 1e-7, "u = \(u ?? 0.5)")
      #expect(try x.minimum().item() >= -0.5 && x.maximum().item() < 0.5)
      let back = try quantization.quantize(x)
      #expect(back.dtype == .uint8 && back.shape == x.shape)
      #expect(try back.elements() == expected)
      try expectEqual(quantization.quantize(quantization.dequantize(back)), back, "twice")
    }
  }

  /// What is shown is the middle of a cell, within half a level of 8 bits, and the same cell when it is read again.
  @Test(arguments: 1...8) func theMiddleIsShown(bits: Int) throws {
    let quantization = Quantization(bits: bits)
    let step = 1 << (8 - bits)
    let values = try quantization.quantize(quantization.dequantize(pixels())).elements(UInt8.self)
    let shown = quantization.shown(values)
    for (value, shown) in zip(values, shown) {
      let cell = Int(value)..<Int(value) + step
      #expect(abs(Double(cell.lowerBound + cell.upperBound - 1) / 2 - Double(shown)) <= 0.5)
    }
    let again = try quantization.quantize(quantization.dequantize(Tensor(shown, shape: [1, 16, 16, 1])))
    #expect(try again.elements() == values)
    #expect(bits < 8 || shown == values)
  }

  /// Cells and their centers are exact in float32.
  @Test(arguments: 1...8) func centersAreExact(bits: Int) throws {
    let x = try Quantization(bits: bits).dequantize(pixels()).elements(Double.self)
    let (step, cells) = (1 << (8 - bits), Double(1 << bits))
    #expect(x == bytes.map { (Double(Int($0) / step) + 0.5) / cells - 0.5 })
  }

  @Test(arguments: 1...8) func whatIsOutOfRangeIsClamped(bits: Int) throws {
    let x = try Tensor([-3, -0.5000001, 0.5, 7, Double.infinity, -Double.infinity, Double.nan])
    let top = UInt8(256 - (1 << (8 - bits)))
    #expect(try Quantization(bits: bits).quantize(x).elements() == [0, 0, top, top, top, 0, 0])
  }

  @Test func bitsPerDimension() {
    // A density of 1 on the unit cube costs n bits a dimension; half a nat more per dimension saves 1 / (2 ln 2).
    #expect(Quantization(bits: 5).bitsPerDimension(logProbability: 0, dimensions: 12) == 5)
    let bits = Quantization(bits: 8).bitsPerDimension(logProbability: 6, dimensions: 12)
    #expect(abs(bits - (8 - 0.5 / log(2))) < 1e-14)
  }
}
