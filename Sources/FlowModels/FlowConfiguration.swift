import Flows
import Torch

/// Everything that decides a model's shape: stored in each checkpoint, and enough to build the model again.
public protocol FlowConfiguration: Codable, Sendable, Hashable {
  /// What a checkpoint calls this kind of model.
  static var kind: String { get }

  /// Pixels.
  var height: Int { get set }
  var width: Int { get set }
  /// 1 to 4.
  var channels: Int { get set }
  /// Bits per channel of the data that the model describes, 1 to 8.
  var bits: Int { get set }
  /// How many latents an image has.
  var levels: Int { get }
  /// Labels that the model is conditioned on, in order; empty for none.
  var classNames: [String] { get }

  /// The numbers that training changes: what the model's `parameters` would count, without building it.
  var parameterCount: Int { get }
  /// The model's kind and size in a few words.
  var summary: String { get }

  /// The shape of level `level`'s latent (1-based), `[height, width, channel]`.
  func latentShape(level: Int) -> [Int]
  /// Throws a ``ModelError`` that says which field is wrong and what it should be.
  func validate() throws
  /// A model with fresh weights.
  func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel
}

extension FlowConfiguration {
  /// Whether a data set's labels are the model's: of the same names in the same order, the last of the model's perhaps
  /// missing.
  public func hasLabels(_ names: [String]) -> Bool { !names.isEmpty && classNames.starts(with: names) }

  public var classCount: Int { classNames.count }

  /// Throws a ``ModelError`` if the model would have far more parameters than `weights` can fill: what a few numbers ask for
  /// is not allocated on their word alone.
  /// - Parameter timesStored: how many parameters one number of the file may become.
  func requireRoom(in weights: SafetensorsFile, timesStored: Int) throws {
    let stored = weights.entries.values.reduce(0) { $0 + $1.elementCount }
    // Small models are built, so that the tensor that is missing can be named.
    let small = 1 << 20
    guard parameterCount <= max(small, stored * timesStored) else {
      throw ModelError.checkpoint(
        file: weights.path,
        reason: "holds \(stored) numbers, too few for the \(parameterCount) parameters of the model (\(summary))")
    }
  }

  /// Dimensions per image, D.
  public var dimensions: Int { height * width * channels }
}
