import ArgumentParser
import Files
import FlowModels
import ModelImages

extension Temperatures: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }

  public var defaultValueDescription: String { description }

  func validate() throws {
    if let problem { throw ValidationError("--temperature \(problem)") }
  }

  /// One a level of `model`.
  func perLevel(of model: any FlowModel) throws -> [Double] {
    let levels = model.configuration.levels
    guard let perLevel = perLevel(levels) else {
      throw ValidationError(
        "--temperature \(self) names \(counted(values.count, "temperature")): the model has "
          + "\(counted(levels, "level")), give one or one for each")
    }
    return perLevel
  }
}
