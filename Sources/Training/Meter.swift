import Foundation
import Runs
import Torch

/// Rates and averages between two lines of metrics.
struct Meter {
  private let before: Double
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let imagesBefore: Int
  private var lineStart: ContinuousClock.Instant
  private var lineImages = 0
  /// Steps since the last line, in this process.
  private(set) var lineSteps = 0
  private(set) var sums: LineSums
  private var smooth: Double?

  init(_ state: TrainingState) {
    before = state.seconds
    start = clock.now
    lineStart = start
    imagesBefore = state.imagesSeen
    sums = state.line ?? LineSums()
  }

  /// Takes a step into account; returns the seconds of training so far.
  mutating func count(_ bitsPerDimension: Double, images: Int) -> Double {
    lineImages += images
    lineSteps += 1
    sums.bitsPerDimension += bitsPerDimension
    sums.steps += 1
    smooth = smooth.map { $0 + 0.05 * (bitsPerDimension - $0) } ?? bitsPerDimension
    return before + seconds(since: start)
  }

  /// - Parameter images: so far; the last batch may be more than was asked for.
  func progress(images: Int, of total: Int) -> TrainingProgress {
    let rate = Double(images - imagesBefore) / max(1e-9, seconds(since: start))
    return TrainingProgress(
      images: min(images, total), totalImages: total, bitsPerDimension: smooth ?? .nan, imagesPerSecond: rate,
      secondsLeft: Double(max(0, total - images)) / max(1e-9, rate))
  }

  /// - Parameters:
  ///   - gradientNorm: of the last step.
  ///   - learningRate: of the last step.
  func line(_ state: TrainingState, gradientNorm: Double, learningRate: Double) -> Metrics {
    Metrics(
      images: state.imagesSeen, step: state.steps, seconds: state.seconds,
      trainBitsPerDimension: sums.bitsPerDimension / Double(max(1, sums.steps)), gradientNorm: gradientNorm,
      learningRate: learningRate, imagesPerSecond: Double(lineImages) / max(1e-9, seconds(since: lineStart)),
      residentBytes: ProcessMemory.resident, liveTensors: Tensor.liveHandles)
  }

  mutating func restart() {
    (lineStart, lineImages, lineSteps, sums) = (clock.now, 0, 0, LineSums())
  }

  private func seconds(since instant: ContinuousClock.Instant) -> Double {
    (clock.now - instant) / .seconds(1)
  }
}
