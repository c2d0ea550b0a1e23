import Files

/// A step from a tensor of theirs to one of ours that can be taken back.
enum LayoutOperation: Decodable, Sendable {
  case permute([Int])
  /// Removes axes of size 1.
  case squeeze([Int])
  /// Inserts axes of size 1, at these places of the result.
  case unsqueeze([Int])
  case reshape(from: [String], to: [String])
  case flip([Int])
  /// The even entries along an axis, then the odd ones.
  case deinterleave(Int)
  case swapHalves(Int)
  case negate
  case negateHalf(axis: Int, isFirst: Bool)
  case multiply(Double)
  case add(Double)
  case logarithm
  case exponential
  /// Times e to the power of `factor` times another tensor of theirs, of the same shape.
  case timesExponential(tensor: String, factor: Double)
  /// From a matrix P with `(P x)[order[i]] = x[i]` to that order.
  case permutationOrder
  /// Repeats what has size 1 along these axes.
  case repeating([Int])
  /// One more entry along an axis, 0.
  case appendZeros(Int)
  /// One more entry along an axis, the sum of the others.
  case appendSum(Int)
  /// The sum along an axis of `count` entries, which goes; backwards all of them get the same.
  case sum(axis: Int, count: String)

  private enum Name: String, CodingKey, CaseIterable {
    case permute, squeeze, unsqueeze, reshape, flip, deinterleave, swapHalves, negate, negateHalf, multiply, add
    case logarithm, exponential, timesExponential, permutationOrder, appendZeros, appendSum, sum
    case repeating = "repeat"
  }

  private struct Reshape: Decodable { var from, to: [String] }
  private struct Half: Decodable {
    enum Which: String, Decodable { case first, second }
    var axis: Int
    var half: Which
  }
  private struct Sum: Decodable {
    var axis: Int
    var count: String
  }
  private struct Exponential: Decodable {
    var tensor: String
    var factor: Double?
  }

  /// A word, or an object with the operation's name and what it takes.
  init(from decoder: any Decoder) throws {
    let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
    func unknown(_ name: String) -> DecodingError {
      .dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "there is no operation \"\(name)\", expected one of \(known)"))
    }
    if let word = try? decoder.singleValueContainer().decode(String.self) {
      switch Name(rawValue: word) {
      case .negate: self = .negate
      case .logarithm: self = .logarithm
      case .exponential: self = .exponential
      case .permutationOrder: self = .permutationOrder
      case .some:
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\(word) takes a value: {\"\(word)\": ...}"))
      case nil: throw unknown(word)
      }
      return
    }
    let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    guard names.count == 1, let name = Name(rawValue: names[0]) else {
      throw unknown(names.joined(separator: ", "))
    }
    let container = try decoder.container(keyedBy: Name.self)
    func value<T: Decodable>(_ type: T.Type = T.self) throws -> T { try container.decode(type, forKey: name) }
    switch name {
    case .permute: self = .permute(try value())
    case .squeeze: self = .squeeze(try value([Int].self).sorted())
    case .unsqueeze: self = .unsqueeze(try value([Int].self).sorted())
    case .reshape:
      let shapes = try value(Reshape.self)
      self = .reshape(from: shapes.from, to: shapes.to)
    case .flip: self = .flip(try value())
    case .deinterleave: self = .deinterleave(try value())
    case .swapHalves: self = .swapHalves(try value())
    case .negateHalf:
      let half = try value(Half.self)
      self = .negateHalf(axis: half.axis, isFirst: half.half == .first)
    case .multiply:
      let factor = try value(Double.self)
      guard factor != 0 && factor.isFinite else {
        throw DecodingError.dataCorruptedError(
          forKey: name, in: container, debugDescription: "expected a number other than 0, found \(factor)")
      }
      self = .multiply(factor)
    case .add: self = .add(try value())
    case .timesExponential:
      let other = try value(Exponential.self)
      self = .timesExponential(tensor: other.tensor, factor: other.factor ?? 1)
    case .repeating: self = .repeating(try value([Int].self).sorted())
    case .appendZeros: self = .appendZeros(try value())
    case .appendSum: self = .appendSum(try value())
    case .sum:
      let sum = try value(Sum.self)
      self = .sum(axis: sum.axis, count: sum.count)
    case .negate, .logarithm, .exponential, .permutationOrder:
      throw DecodingError.dataCorruptedError(
        forKey: name, in: container, debugDescription: "\(name.rawValue) takes no value: write \"\(name.rawValue)\"")
    }
  }
}
