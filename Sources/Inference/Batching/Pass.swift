import Analysis
import FlowModels
import Torch

/// A kind of work for which rows of several callers can go through a model together.
enum Pass: Hashable {
  /// Images, and in a conditional model labels or attributes, to latents, a tensor a level.
  case encode
  /// Latents, and in a conditional model conditions last, to images.
  case decode
  /// Images to the label under which each is most likely.
  case label
  /// Images to the attributes that each most likely has.
  case attributes
  /// Images to log p(x) in nats, the mean over all labels in a conditional model.
  case logProbability

  func run(_ rows: Rows, on model: any FlowModel) throws -> Rows {
    let isConditional = model.configuration.conditionCount > 0
    switch self {
    case .encode:
      return Rows(try model.encode(rows.tensors[0], labels: isConditional ? rows.tensors[1] : nil).levels)
    case .decode:
      let levels = Latents(levels: Array(rows.tensors.prefix(model.configuration.levels)))
      return Rows([try model.decode(levels, conditions: isConditional ? rows.tensors.last! : nil)])
    case .label: return Rows([try model.mostLikelyLabels(rows.tensors[0])])
    case .attributes: return Rows([try model.mostLikelyAttributes(rows.tensors[0])])
    case .logProbability: return Rows([try model.logProbabilityUnderAnyLabel(rows.tensors[0])])
    }
  }
}

/// Tensors of as many rows, `[count, ...]`. They belong to the model's thread, whoever holds them.
struct Rows: @unchecked Sendable {
  var tensors: [Tensor]

  init(_ tensors: [Tensor]) { self.tensors = tensors }

  var count: Int { tensors[0].shape[0] }

  func rows(_ range: Range<Int>) throws -> Rows {
    range == 0..<count ? self : Rows(try tensors.map { try $0.narrowed(0, range).contiguous() })
  }

  static func concatenating(_ parts: [Rows]) throws -> Rows {
    guard parts.count > 1 else { return parts[0] }
    return Rows(
      try parts[0].tensors.indices.map { number in
        try .concatenating(parts.map { $0.tensors[number] }, alongDimension: 0)
      })
  }
}
