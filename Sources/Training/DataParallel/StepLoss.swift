import FlowModels
import Torch

/// The loss of a step's whole batch, and what else the ranks tell each other in every step.
final class StepLoss {
  /// Why this rank could not compute its part.
  let refusal: TorchError?
  private let isShared: Bool
  /// On the device, float64 where it is shared: [sum of the log-probabilities / images, requests to stop, refusals].
  private let sums: Tensor
  /// Reading waits for the device.
  private lazy var values = Result { try sums.elements(Double.self) }

  /// - Parameters:
  ///   - loss: of this rank's part of the batch; nil where there is a refusal.
  ///   - wholeBatch: images of all ranks.
  ///   - shouldStop: asked where the answer is shared: then all ranks stop after the same step.
  init(
    of loss: Loss?, refusal: TorchError?, wholeBatch: Int, shouldStop: () -> Bool, _ ranks: Ranks, _ device: Device
  ) throws {
    self.refusal = refusal
    isShared = ranks.count > 1
    let sum = try loss.map { try $0.logProbability.sum() / Double(wholeBatch) }
    guard isShared else {
      sums = try sum?.reshaped([1]) ?? .zeros([1])
      return
    }
    let own = try sum?.reshaped([1]).converted(to: .float64) ?? .zeros([1], .float64, on: device)
    let signs = try Tensor([shouldStop() ? 1.0 : 0, refusal == nil ? 0 : 1], on: device)
    sums = try ranks.sum(.concatenating([own, signs], alongDimension: 0))
  }

  /// Nats per image, the mean over the whole batch.
  var logProbability: Double { get throws { try values.get()[0] } }

  /// Whether anybody asks for the run to end after this step.
  func asksToStop(_ shouldStop: () -> Bool) throws -> Bool { try isShared ? values.get()[1] > 0 : shouldStop() }

  /// Whether another rank could not compute its part.
  var isRefusedElsewhere: Bool { get throws { try isShared && values.get()[2] > 0 } }
}
