import Imaging

/// Pictures that a model gave.
///
/// ```swift
/// let model = try await ImageModel("fashion-mnist")
/// let drawn = try await model.sample(count: 4, temperatures: [1.5])
/// if !drawn.strayed.isEmpty { print("take a lower temperature: pictures \(drawn.strayed) are noise") }
/// ```
public struct Drawn: Sendable, Equatable {
  /// In the order in which they were asked for.
  public let pictures: [PixelImage]
  /// Which of ``pictures`` are none any more, by their numbers: the inverse ran away, and they show noise or saturated colors.
  /// See `FlowModel.strayed`.
  public let strayed: [Int]
}

extension Drawn: RandomAccessCollection {
  public var startIndex: Int { pictures.startIndex }
  public var endIndex: Int { pictures.endIndex }
  public subscript(index: Int) -> PixelImage { pictures[index] }
}
