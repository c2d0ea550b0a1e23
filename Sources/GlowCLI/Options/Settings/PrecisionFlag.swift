import ArgumentParser
import Flows

/// A precision, or the run's own choice.
enum PrecisionFlag: String, ExpressibleByArgument, CaseIterable {
  case auto, float32, tf32, bf16

  var precision: ConditionerPrecision? { ConditionerPrecision(rawValue: rawValue) }
}
