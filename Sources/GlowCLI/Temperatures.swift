import ArgumentParser
import FlowModels

/// One temperature for all levels, or one a level, the finest first, as a person writes it: `0.7` or `0.7,0.9,1`.
struct Temperatures: ExpressibleByArgument, CustomStringConvertible {
  let values: [Double]

  init(_ value: Double) { values = [value] }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard numbers.allSatisfy({ $0 != nil }) else { return nil }
    values = numbers.map { $0! }
  }

  var description: String { values.map { "\($0)" }.joined(separator: ",") }
  var defaultValueDescription: String { description }

  func validate() throws {
    for value in values where !(value >= 0 && value <= 100) {
      throw ValidationError("--temperature is \(value), expected 0 to 100")
    }
  }

  /// One a level of `model`.
  func perLevel(of model: any FlowModel) throws -> [Double] {
    let levels = model.configuration.levels
    guard values.count == 1 || values.count == levels else {
      throw ValidationError(
        "--temperature \(self) names \(values.count) temperatures: the model has \(levels) "
          + "level\(levels == 1 ? "" : "s"), give one or one for each")
    }
    return values.count == 1 ? [Double](repeating: values[0], count: levels) : values
  }
}
