import ArgumentParser
import FlowModels

/// Runs `body`; what it says of a setting that a flag sets is said of the flag, as an error of the command line.
func namingFlags<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch ModelError.invalid(let field, let value, let expected) {
    guard let flag = flag(of: field) else {
      throw ModelError.invalid(field: field, value: value, expected: expected)
    }
    let number = value.hasSuffix(".0") ? String(value.dropLast(2)) : value
    throw ValidationError(
      "--\(flag) is \(number), expected " + expected.replacing("labelConditioning", with: "--labels"))
  }
}

/// A setting by its flag, or by its own name where it has none.
func flagText(of field: String) -> String { flag(of: field).map { "--" + $0 } ?? field }

private func flag(of field: String) -> String? { settingFlags[field] ?? ownName(field) }

/// The flags of settings that have other names.
private let settingFlags = [
  "from.model": "from", "from.weights": "from", "batchSize": "batch", "learningRate": "lr", "warmupImages": "warmup",
  "averageImages": "average",
  "gradientClip": "clip", "initializationImages": "init-images", "augmentation.shift": "shift", "bucketBytes": "bucket",
  "labelConditioning": ModelFlagList.labels, "attributes": ModelFlagList.condition,
  "guards.conditionNumber": "max-condition", "guards.scale": "max-scale",
  "guards.roundTripError": "max-round-trip", "guards.rollBacks": "roll-backs",
  "guards.learningRateFactor": "roll-back-rate", "guards.images": "roll-back-images",
]

private func ownName(_ field: String) -> String? {
  let name = flagName(field)
  let known = TrainingFlagList.flags.map(\.name) + ModelFlagList.flags.map(\.name)
  return known.contains(name) ? name : nil
}
