import CCodec
import FlowModels
import Imaging
import Torch

extension FlowCode {
  /// What the code may take beyond the model's likelihood, in bits per dimension.
  public static let mostExcess = 0.05
  private static let tried = 16

  /// Codes some pictures, and compares what they take with what the model says of them.
  ///
  /// ```swift
  /// let code = try FlowCode(glow.blueprint())
  /// try code.requirePrecision(of: glow, on: [picture], labels: [nil])
  /// ```
  /// - Parameters:
  ///   - model: of which this is the code.
  ///   - pictures: those of the model's size and of at most 8 bits/dim say something.
  ///   - labels: of a model with labels, one a picture.
  /// - Throws: ``CodecError`` where the middle one of the differences is more than ``mostExcess``: layers so steep that the grid is
  ///   too coarse for them.
  public func requirePrecision(of model: any FlowModel, on pictures: [PixelImage], labels: [Int?]) throws {
    let usable = zip(pictures, labels).filter { picture, _ in
      picture.width == blueprint.width && picture.height == blueprint.height && picture.channels == blueprint.channels
    }.prefix(Self.tried)
    guard !usable.isEmpty else { return }
    let shape = [usable.count, blueprint.height, blueprint.width, blueprint.channels]
    let pixels = try Tensor(usable.flatMap(\.0.pixels), shape: shape)
    let noise = usable.indices.flatMap { _ in (0..<imageSize).map { Float(randomWord(at: $0)) / 65536 } }
    let x = try Quantization(bits: blueprint.bits).dequantize(pixels, noise: Tensor(noise, shape: shape))
    let known = usable.compactMap(\.1).map(Int64.init)
    let stated = try model.bitsPerDimension(x, labels: known.isEmpty ? nil : Tensor(known)).elements(Float.self)
    let coder = FlowCoder(self)
    let differences = zip(usable, stated).compactMap { picture, stated -> Double? in
      guard stated.isFinite, stated <= 8 else { return nil }
      let stack = SymbolStack(key: 0)
      coder.tell(picture.1.map { label in (0..<blueprint.conditionCount).map { $0 == label ? 1 : 0 } })
      let hidden = UInt8(8 - blueprint.bits)
      guard coder.encode(picture.0.pixels.map { $0 >> hidden }, onto: stack) else { return .infinity }
      return stack.bits / Double(imageSize) - Double(stated)
    }.sorted()
    guard let middle = differences.isEmpty ? nil : differences[differences.count / 2], middle > Self.mostExcess else {
      return
    }
    throw CodecError(
      middle.isFinite
        ? "the model's maps are too steep to code with: its code takes \(rounded(middle)) bits/dim more than its likelihood"
        : "the model's maps are too steep to code with: they lead out of the range of the code's numbers")
  }

  private func randomWord(at place: Int) -> UInt16 { cc_random_word(2, UInt64(place)) }

  private func rounded(_ bits: Double) -> Double { (bits * 1000).rounded() / 1000 }
}
