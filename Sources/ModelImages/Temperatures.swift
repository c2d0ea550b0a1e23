/// One temperature for all levels of a model, or one a level, the finest first, as a person writes it: `0.7` or `0.7,0.9,1`.
///
/// ```swift
/// let temperatures = Temperatures("0.7")!
/// let images = try glow.sample(
///   count: 4, temperatures: temperatures.perLevel(glow.configuration.levels)!, labels: Tensor([0, 1, 2, 3]), seed: 1)
/// ```
public struct Temperatures: Sendable, Hashable, CustomStringConvertible {
  /// Every temperature that is taken anywhere.
  public static let range = 0.0...100.0

  /// One for all levels, or one a level, the finest first.
  public let values: [Double]

  /// - Parameter values: one for all levels, or one a level, the finest first. Nothing is checked: see ``problem``.
  public init(_ values: [Double]) { self.values = values }

  /// - Parameter value: for all levels. Nothing is checked: see ``problem``.
  public init(_ value: Double) { values = [value] }

  /// - Returns: nil where a part is no number.
  public init?(_ text: String) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard numbers.allSatisfy({ $0 != nil }) else { return nil }
    values = numbers.map { $0! }
  }

  public var description: String { values.map { "\($0)" }.joined(separator: ",") }

  /// What is wrong with a value, as the rest of a sentence; nil if nothing is.
  public var problem: String? {
    values.first { !Self.range.contains($0) }.map { "is \($0), expected 0 to 100" }
  }

  /// One a level; nil where there is neither one nor one for each.
  public func perLevel(_ levels: Int) -> [Double]? {
    switch values.count {
    case levels: values
    case 1: [Double](repeating: values[0], count: levels)
    default: nil
    }
  }
}
