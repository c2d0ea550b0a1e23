import Files
import FlowModels

/// What may change when a run goes on, such as after the guards gave up; nil for what stays.
///
/// ```swift
/// var changes = ChangedSettings()
/// changes.learningRate = 1e-4
/// let (train, validation) = try DatasetSource(parsing: "fashion-mnist").openTraining(seed: 0)
/// let trainer = try Trainer(
///   resuming: RunFolder(URL(filePath: "runs/first")), changing: changes, train: train, validation: validation)
/// ```
public struct ChangedSettings: Sendable, Hashable {
  /// The rate after the warm-up.
  public var learningRate: Double?
  /// Counted from the run's first image.
  public var warmupImages: Int?
  /// The largest gradient norm; 0 for no limit.
  public var gradientClip: Double?

  /// Changes nothing.
  public init() {}

  /// Changes the settings of a run that is after so many images.
  /// - Returns: what is another than it was.
  func apply(to configuration: inout TrainingConfiguration, after images: Int) -> [SettingChange] {
    var changes: [SettingChange] = []
    func change(_ name: String, _ path: WritableKeyPath<TrainingConfiguration, Double>, to value: Double?) {
      guard let value, value != configuration[keyPath: path] else { return }
      changes.append(SettingChange(images: images, setting: name, from: configuration[keyPath: path], to: value))
      configuration[keyPath: path] = value
    }
    change("learningRate", \.learningRate, to: learningRate)
    change("warmupImages", \.warmup, to: warmupImages.map(Double.init))
    change("gradientClip", \.gradientClip, to: gradientClip)
    return changes
  }
}

extension TrainingConfiguration {
  fileprivate var warmup: Double {
    get { Double(warmupImages) }
    set { warmupImages = Int(newValue) }
  }
}

/// A setting that is another from some image of a run on: part of its state, so that the run can be repeated.
struct SettingChange: Codable, Equatable, CustomStringConvertible {
  var images: Int
  var setting: String
  var from: Double
  var to: Double

  var description: String { "\(setting) is \(text(to)) from \(counted(images, "image")) on, and was \(text(from))" }

  private func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
