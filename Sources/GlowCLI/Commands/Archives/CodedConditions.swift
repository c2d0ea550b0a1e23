import Codec
import FlowModels
import Imaging
import ModelImages
import Torch

/// What a model is told of each picture that it codes.
struct CodedConditions {
  /// Pictures that are looked at together.
  static let batch = 64

  private enum Choice {
    case none
    case fixed(Int)
    case own((Int) -> Int?)
    case likely
    case attributes((Int) -> [Int]?)
  }

  let kind: ConditionKind
  private let choice: Choice
  private let model: any FlowModel

  /// - Parameter text: a label for all pictures.
  init(_ text: String?, of model: any FlowModel, asked source: any PicturesToPack) throws {
    self.model = model
    let configuration = model.configuration
    let names = configuration.attributeNames
    if let text {
      choice = .fixed(try labelIndex(text, of: model))
    } else if !names.isEmpty, source.attributes(0, names) != nil {
      choice = .attributes { source.attributes($0, names) }
    } else if configuration.classCount == 0 {
      choice = .none
    } else if configuration.hasLabels(source.classNames) {
      choice = .own(source.label)
    } else {
      choice = .likely
    }
    kind =
      switch choice {
      case .none: .none
      case .attributes: .attributes(names.count)
      case .fixed, .own, .likely: .labels(configuration.classCount)
      }
  }

  func callAsFunction(of pictures: [PixelImage], _ numbers: Range<Int>) throws -> [PictureCondition] {
    switch choice {
    case .none: return pictures.map { _ in .none }
    case .fixed(let label): return pictures.map { _ in .label(label) }
    case .own(let label): return try zip(pictures, numbers).map { try .label(label($1) ?? likely([$0])[0]) }
    case .attributes(let values):
      return numbers.map { .attributes(values($0) ?? Array(repeating: 0, count: kind.count)) }
    case .likely: return try likely(pictures).map { .label($0) }
    }
  }

  private func likely(_ pictures: [PixelImage]) throws -> [Int] {
    let shape = model.configuration
    let pixels = pictures.flatMap {
      $0.converted(toChannels: shape.channels).fitted(width: shape.width, height: shape.height).pixels
    }
    return try model.mostLikelyLabels(model.images(of: model.pixels(pixels))).elements(Int64.self).map { Int($0) }
  }
}
