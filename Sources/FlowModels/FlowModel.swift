import Files
import Flows
import Foundation
import Torch

/// A flow with an exact likelihood of images, `[batch, height, width, channel]`, dequantized to -1/2 ..< 1/2
/// (``Quantization``): what training, evaluation and the commands need of a model. A model belongs to one thread.
///
/// `labels` say each image's condition. Of a model with labels they are int64 `[batch]`, and it needs them. Of a model with
/// attributes they are floating-point rows `[batch, attributes]`: 1 for one that the image has, -1 for one that it has not, 0
/// where nothing is said; nil says nothing of any. Any other model takes none.
///
/// ```swift
/// let model: any FlowModel = try ModelFolder.read(URL(filePath: "Models/fashion-mnist"))
/// let labels = try Tensor([7, 7])
/// let sneakers = try model.sample(count: 2, temperature: 0.7, labels: labels, seed: 1)
/// print(try model.bitsPerDimension(sneakers, labels: labels).elements(Float.self))
/// ```
public protocol FlowModel: AnyObject {
  /// What decides the shapes of the family's models.
  associatedtype Configuration: FlowConfiguration

  /// What decides this model's shape, and can build it again.
  var configuration: Configuration { get }
  /// The type of the parameters, and the device that they and the images are on.
  var options: TensorOptions { get }
  /// What training changes, in one vector, and its gradients.
  var parameters: ParameterVector { get }
  /// The rest of the state: what a checkpoint holds beside the parameters.
  var buffers: [Buffer] { get }
  /// The averages over batches that training keeps.
  var statistics: [RunningStatistics] { get }
  /// What the couplings' conditioners multiply.
  var precision: ConditionerPrecision { get }

  /// How the threads of this process work together on a batch; on the CPU.
  var parallelism: Parallelism { get set }
  /// The images of a batch that each thread takes through the model by itself; all of them where threads share operations.
  func shares(of batch: Int) -> [Range<Int>]

  /// Sets the precision.
  /// - Throws: ``ModelError`` if the conditioners cannot have it, on this machine or with this model.
  func use(_ precision: ConditionerPrecision) throws

  /// Sets what depends on data from one batch of images. Call it once, on a fresh model.
  func initialize(from x: Tensor, labels: Tensor?) throws

  /// log p(x), or log p(x | label), in nats per image, `[batch]`.
  func logProbability(_ x: Tensor, labels: Tensor?) throws -> Tensor

  /// Adds to the parameters' gradients those of the loss in bits per dimension.
  /// - Parameters:
  ///   - kept: the steps of flow that keep activations, of models that can keep them; nil for none.
  ///   - classifierWeight: of the cross-entropy of a model's classifier, in bits.
  ///   - share: what part of a whole batch `x` is, when gradients are accumulated over several.
  ///   - onFinal: called as the pass goes back through the layers: the elements of `parameters.gradients` from a place on
  ///     are done, and can leave for other processes while earlier layers are still at work.
  func accumulateGradients(
    _ x: Tensor, labels: Tensor?, keeping kept: KeptActivations?, classifierWeight: Double,
    share: Double, onFinal: ((_ start: Int) throws -> Void)?
  ) throws -> Loss

  /// Called after each step of training: takes what its passes noted into the state, where a model keeps averages.
  func finishStep() throws

  /// Where in images the bits are: for each level what each position of its latent adds, `[batch, rows, columns]`. The sum over
  /// all levels and positions is `-log2 p(x)` of the image as bytes: its bits/dim times its dimensions. A level's log-determinant is
  /// that of what leaves after it and of what goes on: each bears it by its number of dimensions.
  func bitsPerPosition(_ x: Tensor, labels: Tensor?) throws -> [Tensor]
  /// What images are on the way to their latents and back.
  /// - Parameter most: of places, at least one more than there are levels.
  func states(of x: Tensor, labels: Tensor?, atMost most: Int) throws -> FlowStates

  /// The latents of `x`, standardized.
  func encode(_ x: Tensor, labels: Tensor?) throws -> Latents
  /// The exact inverse of ``encode(_:labels:)``.
  func decode(_ latents: Latents, labels: Tensor?) throws -> Tensor

  /// The condition of labels, as rows `[count, classes]` or `[count, attributes]` that may be blended; nil for a model
  /// without.
  func conditions(of labels: Tensor?, count: Int) throws -> Tensor?
  /// The images of `latents` under conditions, such as ``conditions(of:count:)`` gives, or blends of them.
  func decode(_ latents: Latents, conditions: Tensor?) throws -> Tensor

  /// What the model is, in numbers of the host's memory.
  /// - Throws: ``ModelError`` for a family that has no blueprint.
  func blueprint() throws -> FlowBlueprint

  /// log p(x | label) in nats for every label, `[batch, classes]`.
  func logProbabilityPerLabel(_ x: Tensor) throws -> Tensor
  /// The label under which each image is most likely, int64 `[batch]`.
  func mostLikelyLabels(_ x: Tensor) throws -> Tensor
  /// The label that the model's classifier predicts, or without one the most likely, int64 `[batch]`.
  func predictedLabels(_ x: Tensor) throws -> Tensor

  /// Measures how well the model inverts on the images `x`.
  /// - Parameter observe: is given the scales of every affine coupling.
  func invertibility(
    on x: Tensor, labels: Tensor?, observing observe: InvertibilityReport.ScaleObserver?
  ) throws -> InvertibilityReport
  /// The name of the first layer whose output for `x` is not finite, or nil if all are.
  func firstNonFiniteLayer(_ x: Tensor, labels: Tensor?) throws -> String?
}

extension FlowModel {
  /// Runs `body` in another precision.
  public func using<R>(_ precision: ConditionerPrecision, _ body: () throws -> R) throws -> R {
    let before = self.precision
    try use(precision)
    defer { try! use(before) }
    return try body()
  }

  /// Whether the state holds statistics of activations: they fit the weights that they were taken with, and would not fit
  /// an average of weights.
  public var keepsStatistics: Bool { !statistics.isEmpty }

  /// Bits per dimension of each image, `[batch]`: `-log p(x) / (D ln 2) + n`.
  public func bitsPerDimension(_ x: Tensor, labels: Tensor? = nil) throws -> Tensor {
    try logProbability(x, labels: labels) / (-Double(configuration.dimensions) * log(2)) + Double(configuration.bits)
  }

  func checkShape(_ x: Tensor) throws {
    let expected = [configuration.height, configuration.width, configuration.channels]
    guard x.rank == 4, Array(x.shape.dropFirst()) == expected else {
      throw ModelError.request("images of shape \(x.shape) do not fit the model, which takes [batch] + \(expected)")
    }
  }

  func checkShapes(of latents: Latents) throws {
    guard latents.levels.count == configuration.levels else {
      throw ModelError.request(
        "latents of \(counted(latents.levels.count, "level")), the model has \(configuration.levels)")
    }
    let count = latents.count
    for (index, latent) in latents.levels.enumerated() {
      let expected = [count] + configuration.latentShape(level: index + 1)
      guard latent.shape == expected else {
        throw ModelError.request("level \(index + 1)'s latents have shape \(latent.shape), expected \(expected)")
      }
    }
  }
}
