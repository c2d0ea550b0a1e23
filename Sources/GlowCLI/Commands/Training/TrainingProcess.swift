import ArgumentParser
import Cluster
import Files
import Foundation
import Logging
import Runs
import Torch
import Training

/// The options of commands that train, alone or as one process of a job.
struct ProcessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Of several processes: how long the others wait for one before they give up.", valueName: "seconds"))
  var rankTimeout = 300.0
  @OptionGroup var runtime: RuntimeOptions

  func validate() throws {
    guard rankTimeout >= 1, rankTimeout <= 86400 else {
      throw ValidationError("--rank-timeout is \(rankTimeout), expected 1 to 86400 seconds")
    }
  }

  /// Runs `body` by itself, or as one process of the job that a launcher started.
  func run(_ body: (Device, Communicator?) throws -> Void) throws {
    do {
      guard let place = try RankEnvironment(ProcessInfo.processInfo.environment) else {
        return try body(runtime.start(), nil)
      }
      try TrainingJob(place, timeout: rankTimeout).run(runtime) { try body($0, $1) }
    } catch let run as FailedRun {
      FileHandle.standardError.write(Data("Error: \(run)\n".utf8))
      throw run.status
    }
  }
}

/// Training with a person, or a log, who watches.
struct TrainingProcess {
  private let isLeader: Bool

  init(_ communicator: Communicator?) { isLeader = communicator?.isLeader ?? true }

  /// - Throws: `ExitCode` 130 where the run was stopped on request; ``FailedRun``.
  func watch(_ trainer: Trainer) throws {
    let signals = StopSignals(isQuiet: !isLeader)
    trainer.shouldStop = { signals.isRequested }
    trainer.shouldInterrupt = { signals.isRequested }
    let bar = ProgressBar()
    if isLeader { show(trainer, on: bar) } else { showWarnings(trainer, on: bar) }
    defer { bar.clear() }
    do { try trainer.fit() } catch let error as TrainingError where error.kind != .other {
      bar.clear()
      throw FailedRun(error)
    }
    bar.clear()
    let folder = trainer.run.url.relativePath
    guard trainer.isFinished else {
      let time = signals.secondsSinceRequest.map { String(format: " (%.1f s after the request)", $0) } ?? ""
      if isLeader {
        tell("Saved after \(counted(trainer.imagesSeen, "image"))\(time); go on with: glow resume \(folder)")
      }
      throw ExitCode(130)
    }
    if isLeader { tell("Done: \(counted(trainer.imagesSeen, "image")); the model is in \(folder)") }
  }

  private func showWarnings(_ trainer: Trainer, on bar: ProgressBar) {
    trainer.logger = Logger(label: "glow") { _ in
      var log = TerminalLog(bar)
      log.logLevel = .warning
      return log
    }
  }

  private func show(_ trainer: Trainer, on bar: ProgressBar) {
    tell(
      "\(counted(trainer.model.parameters.count, "parameter")); \(activations(of: trainer)); "
        + "run folder \(trainer.run.url.relativePath)")
    tell("Each step \(work(of: trainer))")
    // Standard output is buffered when it is no terminal; this belongs before the progress on standard error.
    fflush(nil)
    trainer.logger = Logger(label: "glow") { _ in TerminalLog(bar) }
    trainer.onProgress = { progress in
      bar.update(
        progress.images, of: progress.totalImages,
        String(
          format: "%.3f bits/dim  %.0f images/s  %@ left", progress.bitsPerDimension, progress.imagesPerSecond,
          duration(progress.secondsLeft)))
    }
    trainer.onMetrics = { metrics in
      guard let validation = metrics.validationBitsPerDimension else { return }
      bar.print(
        String(
          format: "%d images: train %.3f, validation %.3f bits/dim; round trip %.1e", metrics.images,
          metrics.trainBitsPerDimension, validation, metrics.roundTripError ?? 0)
          + (metrics.worstConditionNumber.map { String(format: "; worst condition number %.1f", $0) } ?? ""))
    }
  }

  /// What a step multiplies, and how threads share it.
  private func work(of trainer: Trainer) -> String {
    let precision =
      trainer.precisionChoice.map { "\($0)" }
      ?? "multiplies \((trainer.configuration.precision ?? .float32).rawValue)"
    let shares = trainer.model.shares(of: trainer.imagesPerPass).count
    return precision + (shares > 1 ? "; each of \(shares) threads takes images of its own" : "")
  }

  /// What training does with activations between the passes.
  private func activations(of trainer: Trainer) -> String {
    let (kept, steps, bytes) = trainer.keptActivations
    guard steps > 0 else { return "activations rebuilt" }
    return "activations of \(kept.count) of \(counted(steps, "step")) of flow kept (\(ByteCount(bytes: bytes)))"
      + (kept.count < steps ? ", the others rebuilt" : "")
  }
}

/// A run that ended with a status of its own.
struct FailedRun: Error, CustomStringConvertible {
  let error: TrainingError
  var description: String { error.description }
  var status: ExitCode { ExitCode(error.kind == .diverged ? 3 : 4) }

  init(_ error: TrainingError) { self.error = error }
}
