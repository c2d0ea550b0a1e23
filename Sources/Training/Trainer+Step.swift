import Datasets
import FlowModels
import Flows
import ModelImages
import Torch

// What one step is made of.

extension Trainer {
  func reportDamage() {
    for case let dataset as SkippingDataset in [train, validation] {
      for report in dataset.takeReports() {
        log.warning(
          "skipped a damaged image (\(report.number) of at most \(dataset.limit)): \(report.text)",
          metadata: ["split": "\(dataset.split.rawValue)", "images": .stringConvertible(state.imagesSeen)])
      }
    }
  }

  /// Whether the last step passed a multiple of `interval` images.
  func crosses(_ interval: Int) -> Bool { crosses(interval, at: state.imagesSeen) }

  func crosses(_ interval: Int, at images: Int) -> Bool {
    images / interval > (images - configuration.batchSize) / interval
  }

  /// Bits per dimension and the gradient's norm.
  /// - Throws: ``Divergence`` if they are not finite; then the optimizer has changed nothing, or nothing that is saved.
  func figures(of loss: StepLoss, _ norm: Tensor, _ batch: ModelBatch) throws -> (Double, Double) {
    if let refusal = loss.refusal { throw try unmeasurable(refusal, batch) }
    if try loss.isRefusedElsewhere { throw Divergence.elsewhere }
    let bitsPerDimension = model.quantization.bitsPerDimension(
      logProbability: try loss.logProbability, dimensions: model.configuration.dimensions)
    let gradientNorm = try norm.item()
    guard bitsPerDimension.isFinite else { throw try nonFiniteLoss(of: batch) }
    guard gradientNorm.isFinite else { throw try nonFiniteGradient() }
    return (bitsPerDimension, gradientNorm)
  }

  /// Leaves the gradients of the whole batch in the model: those of this rank's images and of all others'.
  func gradients(of batch: ModelBatch) throws -> StepLoss {
    var loss: Loss?
    var refusal: TorchError?
    do {
      let starts = Array(stride(from: 0, to: batch.count, by: imagesPerPass))
      let parts = try starts.map { start in
        let range = start..<min(batch.count, start + imagesPerPass)
        let share = Double(range.count) / Double(configuration.batchSize)
        let part = try batch.images(range)
        return try model.accumulateGradients(
          part.x, labels: part.labels, keeping: state.kept, classifierWeight: configuration.weightY,
          share: share,
          onFinal: start == starts.last ? ranks.onFinal : nil)
      }
      loss = try Loss(joining: parts)
    } catch let error as TorchError {
      // Such as an inverse of a matrix that training has made singular.
      refusal = error
    }
    try ranks.waitForGradients()
    return try StepLoss(
      of: loss, refusal: refusal, wholeBatch: configuration.batchSize, shouldStop: shouldStop, ranks,
      model.options.device)
  }
}
