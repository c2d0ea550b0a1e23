import Files
import ModelImages
import FlowModels
import Foundation
import Logging
import Runs
import Torch

// What makes training refuse a step, and how it goes on.

extension Trainer {
  private var guards: Guards { configuration.guards ?? Guards() }

  /// The learning rate of the next step.
  func learningRate() -> Double {
    if let recovery = state.recovery, state.imagesSeen >= recovery.until {
      state.recovery = nil
      log.notice("the learning rate is as planned again", metadata: ["images": .stringConvertible(state.imagesSeen)])
    }
    let factor = pow(guards.learningRateFactor, Double(state.recovery?.rollBacks ?? 0))
    return configuration.learningRate(after: state.imagesSeen) * factor
  }

  /// - Throws: ``Divergence`` if what a validation measured is beyond a limit.
  func check(_ report: InvertibilityReport) throws {
    func require(_ found: (layer: String, value: Double)?, within limit: Double, _ what: String) throws {
      guard limit > 0, let found, !(found.value <= limit) else { return }
      throw Divergence(
        what: "\(what) is \(short(found.value)), beyond the limit of \(short(limit))",
        place: "it is that of \(found.layer)", layer: found.layer)
    }
    try require(report.worstCondition, within: guards.conditionNumber, "a condition number")
    try require(report.largestScale, within: guards.scale, "a coupling's scale")
    let magnification = report.smallestScale.map { ($0.layer, 1 / $0.value) }
    try require(magnification, within: guards.scale, "the inverse of a coupling's scale")

    let limit = guards.roundTripError ?? 1 / Double(2 << model.configuration.bits)
    if limit > 0, !(report.roundTripError <= limit) {
      let worst = report.worstRoundTrip?.layer
      throw Divergence(
        what: "the inverse explodes: the round-trip error is \(short(report.roundTripError)), beyond the limit of "
          + short(limit),
        place: worst.map { "of all layers \($0) inverts worst" } ?? "in no layer by itself", layer: worst)
    }
  }

  private func short(_ value: Double) -> String { String(format: "%.3g", value) }

  /// - Throws: ``Divergence`` if the weights that the last step left give no finite loss.
  func requireFiniteLoss(_ batch: ModelBatch) throws {
    let part = try batch.images(0..<min(batch.count, imagesPerPass))
    let mean = try ranks.sum([model.logProbability(part.x, labels: part.labels).mean().item()])[0]
    guard mean.isFinite else { throw try nonFiniteLoss(of: batch) }
  }

  func nonFiniteLoss(of batch: ModelBatch) throws -> Divergence {
    let part = try batch.images(0..<min(batch.count, imagesPerPass))
    return try nonFiniteLoss(part.x, part.labels, "the loss")
  }

  func nonFiniteLoss(_ x: Tensor, _ labels: Tensor?, _ loss: String) throws -> Divergence {
    let layer = try model.firstNonFiniteLayer(x, labels: labels)
    return Divergence(
      what: "\(loss) is not finite",
      place: layer.map { "the first output that is not finite is that of \($0)" } ?? "every layer's output is finite",
      layer: layer)
  }

  func nonFiniteGradient() throws -> Divergence {
    let parameter = try model.parameters.parameters.last {
      try !$0.gradient.isAllFinite()
    }
    return Divergence(
      what: "the gradient is not finite",
      place: parameter.map { "the first on the way back from the loss is that of \($0.name)" }
        ?? "its norm is too large", layer: parameter?.name)
  }

  /// For what libtorch refused in the passes of a step.
  func unmeasurable(_ error: TorchError, _ batch: ModelBatch) throws -> Divergence {
    let part = try batch.images(0..<min(batch.count, imagesPerPass))
    let worst = try? model.invertibility(on: part.x, labels: part.labels).worstRoundTrip
    return Divergence(
      what: "no gradient can be computed",
      place: (worst.map { "\($0.layer) cannot be inverted: " } ?? "") + "\(error)", layer: worst?.layer)
  }

  /// Goes back to a checkpoint, each time in a row to one further back, and lowers the learning rate.
  /// - Throws: `TrainingError` if the guards give up.
  func rollBack(from own: Divergence) throws {
    let found = try ranks.gather(own)
    let divergence = found.first { $0.layer != nil } ?? found[0]
    let images = state.imagesSeen
    let rollBacks = (state.recovery?.rollBacks ?? 0) + 1
    let checkpoint = ranks.isLeader ? try checkpointToGoBackTo(from: divergence, rollBacks) : nil
    guard try ranks.share(checkpoint != nil) else {
      throw gaveUp(
        divergence, after: rollBacks - 1, ranks.isLeader ? run.soundCheckpoints(newestOnly: true).sound.last : nil)
    }
    if let checkpoint { try restore(checkpoint) }
    state = try ranks.share(state)
    if ranks.count > 1 { try receive() }

    state.recovery = Recovery(rollBacks: rollBacks, until: images + guards.images)
    // On disk at once: a run that is killed now goes on with the lower rate too.
    savedImages = nil
    try save()
    guard let checkpoint else { return }
    do { try writer.wait() } catch { try tolerate(error) }
    run.deleteCheckpoints(after: state.imagesSeen)
    try run.truncateMetrics(after: state.lastLine)
    let factor = pow(guards.learningRateFactor, Double(rollBacks))
    let until = images + guards.images
    log.error(
      "rolled back to \(checkpoint.lastPathComponent); \(short(factor)) of the learning rate until \(counted(until, "image"))",
      metadata: ["images": .stringConvertible(state.imagesSeen), "rollBacks": .stringConvertible(rollBacks)])
  }

  /// - Returns: nil if the guards give up.
  private func checkpointToGoBackTo(from divergence: Divergence, _ rollBacks: Int) throws -> URL? {
    do { try writer.wait() } catch { try tolerate(error) }
    let (checkpoints, damaged) = run.soundCheckpoints()
    damaged.forEach { log.warning("\($0)") }
    var metadata: Logger.Metadata = ["images": .stringConvertible(state.imagesSeen)]
    metadata["layer"] = divergence.layer.map { "\($0)" }
    log.error(
      "step refused after \(counted(state.imagesSeen, "image")): \(divergence.what): \(divergence.place)",
      metadata: metadata)
    guard rollBacks <= guards.rollBacks, !checkpoints.isEmpty else { return nil }
    return checkpoints[max(0, checkpoints.count - rollBacks)]
  }

  private func gaveUp(_ divergence: Divergence, after rollBacks: Int, _ checkpoint: URL?) -> TrainingError {
    let tried =
      rollBacks == 0
      ? "" : "; gave up after rolling back \(rollBacks) \(rollBacks == 1 ? "time" : "times") (see \(run.logFile.path))"
    let clip = configuration.gradientClip
    let settings =
      "a lower learning rate (--lr, now \(short(configuration.learningRate))), a longer warm-up (--warmup, now "
      + "\(configuration.warmupImages)) or a gradient clip (--clip, now \(clip == 0 ? "none" : short(clip)))"
    let kept =
      checkpoint.map {
        "the checkpoint \($0.path) is intact: go on from it by glow resume \(run.url.relativePath) with \(settings)"
      } ?? "there is no checkpoint: begin again with \(settings)"
    return TrainingError(
      "\(divergence.what) after \(counted(state.imagesSeen, "image")): \(divergence.place)\(tried); \(kept)", .diverged)
  }
}
