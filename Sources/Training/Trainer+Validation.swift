import Cluster
import Datasets
import FlowModels
import Flows
import Foundation
import Imaging
import Logging
import ModelImages
import Runs
import Torch

// Lines of metrics, and the validations that some of them hold.

extension Trainer {
  /// Writes a line of metrics, with a validation if there is to be one.
  /// - Returns: false if the validation was interrupted; it is then due.
  func finishLine(
    _ meter: inout Meter, _ step: TrainingState.DueMeasurement, validating: Bool
  ) throws -> Bool {
    var metrics = meter.line(state, gradientNorm: step.gradientNorm, learningRate: step.learningRate)
    try ranks.noteTimes(&metrics, steps: meter.lineSteps, log)
    var measured: Measurement?
    if validating {
      do {
        ranks.enter(.evaluating)
        measured = try measure(&metrics)
      } catch is Interruption {
        state.dueMeasurement = step
        return false
      } catch let error as TorchError {
        throw Divergence(what: "the model cannot be measured", place: "\(error)")
      }
      state.validation = metrics.validationBitsPerDimension
    }
    state.dueMeasurement = nil
    if ranks.isLeader { try write(metrics, measured) }
    onMetrics(metrics)
    meter.restart()
    ranks.startLine()
    state.line = nil
    try ranks.together { if let measured { try check(measured.report) } }
    return true
  }

  private func write(_ metrics: Metrics, _ measured: Measurement?) throws {
    if !hasWrittenLine {
      // A run whose first checkpoint cannot be written leaves no lines that tell of it.
      try tolerating(writer.wait)
      hasWrittenLine = true
    }
    try tolerating {
      try run.append(metrics)
      if let measured { try run.append(LayerMetrics(images: state.imagesSeen, measured.report)) }
      if let samples = measured?.samples { try run.writeSamples(samples.encodePNG()) }
      try events?.append(metrics, samples: measured?.samples, scales: measured?.scales ?? [:])
    }
  }

  /// What a validation gives beside the line of metrics.
  struct Measurement {
    var report: InvertibilityReport
    /// Some of each affine coupling's scales, by its name.
    var scales: [String: [Double]] = [:]
    var samples: PixelImage?

    static let scalesPerLayer = 10_000
  }

  /// Measures the averaged weights on the validation images: all ranks their part, and rank 0 what is not bits/dim.
  /// - Returns: nil on the other ranks.
  private func measure(_ metrics: inout Metrics) throws -> Measurement? {
    let images = validation.evenly(configuration.validationImages)
    return try model.using(.float32) {
      try withAveragedWeights {
        var scores = try ranks.together {
          try model.scores(on: images, rank: ranks.rank, of: ranks.count, seed: configuration.seed) { _ in
            if shouldInterrupt() { throw Interruption() }
          }
        }
        scores.logProbabilities = try ranks.sum(scores.logProbabilities)
        metrics.validationBitsPerDimension = model.evaluation(of: scores, on: images).bitsPerDimension
        return try ranks.together { ranks.isLeader ? try measureInvertibility(on: images, &metrics) : nil }
      }
    }
  }

  private func measureInvertibility(on images: any ImageDataset, _ metrics: inout Metrics) throws -> Measurement {
    let held = try EvaluationBatches(
      dataset: images, batchSize: min(64, images.count), seed: 0, attributes: model.configuration.attributeNames
    ).batch(at: 0)
    let batch = try ModelBatch(held, for: model)
    guard metrics.validationBitsPerDimension?.isFinite ?? true else {
      throw try nonFiniteLoss(batch.x, batch.labels, "the loss on validation images")
    }
    var scales: [String: [Double]] = [:]
    let report = try model.invertibility(
      on: batch.x, labels: batch.labels,
      observing: { name, values in
        let all = try values.elements(Double.self)
        let stride = max(1, all.count / Measurement.scalesPerLayer)
        scales[name] = Swift.stride(from: 0, to: all.count, by: stride).map { all[$0] }
      })
    metrics.roundTripError = report.roundTripError
    metrics.worstConditionNumber = report.worstCondition?.value
    metrics.smallestScale = report.smallestScale?.value
    metrics.largestScale = report.largestScale?.value
    return Measurement(report: report, scales: scales, samples: try? model.sampleSheet())
  }

  /// Runs `body` with the averaged weights in the model, if the run keeps an average.
  public func withAveragedWeights<R>(_ body: () throws -> R) throws -> R {
    guard let average, state.steps > 0 else { return try body() }
    return try model.parameters.withValues(average.value(), body)
  }
}
