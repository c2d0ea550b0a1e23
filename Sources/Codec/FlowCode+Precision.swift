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
  /// try code.requirePrecision(of: glow, on: [picture], told: [.none])
  /// ```
  /// - Parameters:
  ///   - model: of which this is the code.
  ///   - pictures: those of the model's size and of at most 8 bits/dim say something.
  ///   - conditions: what the model is told of each.
  /// - Throws: ``CodecError`` where the middle one of the differences is more than ``mostExcess``: layers so steep that the grid is
  ///   too coarse for them.
  public func requirePrecision(of model: any FlowModel, on pictures: [PixelImage], told conditions: [PictureCondition])
    throws
  {
    let usable = zip(pictures, conditions).filter { picture, _ in
      picture.width == blueprint.width && picture.height == blueprint.height && picture.channels == blueprint.channels
    }.prefix(Self.tried)
    guard !usable.isEmpty else { return }
    let shape = [usable.count, blueprint.height, blueprint.width, blueprint.channels]
    let pixels = try Tensor(usable.flatMap(\.0.pixels), shape: shape)
    let noise = usable.indices.flatMap { _ in (0..<imageSize).map { Float(randomWord(at: $0)) / 65536 } }
    let x = try Quantization(bits: blueprint.bits).dequantize(pixels, noise: Tensor(noise, shape: shape))
    let stated = try model.bitsPerDimension(x, labels: told(usable.map(\.1))).elements(Float.self)
    let coder = FlowCoder(self)
    let differences = zip(usable, stated).compactMap { picture, stated -> Double? in
      guard stated.isFinite, stated <= 8 else { return nil }
      let stack = SymbolStack(key: 0)
      coder.tell(picture.1.values(.labels(blueprint.conditionCount)))
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

  /// As passes of models take it.
  private func told(_ conditions: [PictureCondition]) throws -> Tensor? {
    let labels = conditions.compactMap { if case .label(let label) = $0 { Int64(label) } else { nil } }
    if !labels.isEmpty { return try Tensor(labels) }
    let rows = conditions.compactMap { if case .attributes(let values) = $0 { values.map(Float.init) } else { nil } }
    return rows.isEmpty ? nil : try Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count])
  }

  private func randomWord(at place: Int) -> UInt16 { cc_random_word(2, UInt64(place)) }

  private func rounded(_ bits: Double) -> Double { (bits * 1000).rounded() / 1000 }
}
