import Files
import FlowModels
import Foundation

/// What `glow bench` prints; the scripts in `Benchmarks/peers` print the same fields.
struct BenchReport: Encodable {
  struct Shape: Encodable {
    var name: String
    /// The family, as in `glow train --family`.
    var kind: String
    /// Masked steps on the pixels and the hidden channels of their networks, of models that have such steps.
    var pixelSteps: Int?
    var pixelHidden: Int?
    var coupling: String
    var levels: Int
    var steps: Int
    var hidden: Int
    var size: Int
    var channels: Int
  }

  /// The rate of one matrix product, `[m, k] x [k, n]`.
  struct Product: Encodable {
    var m: Int
    var k: Int
    var n: Int
    /// The best of all rounds.
    var gigaflopPerSecond: Double
  }

  var implementation = "swift-glow"
  var task: BenchTask
  var device: String
  var threads: Int
  var libtorchVersion: String
  /// Resident once libtorch is loaded and has multiplied two small matrices.
  var idleBytes: Int?
  /// The most that was resident until the end of the task.
  var peakBytes: Int?
  /// The most that tensors took of the device's memory in the rounds that count; nil on the CPU.
  var devicePeakBytes: Int?

  // Of tasks with a model:
  var shape: Shape?
  var batch: Int?
  var precision: String?
  /// Weights; in training also gradients and the optimizer's moments.
  var stateBytes: Int?
  var secondsPerRound: [Double]?
  var medianSeconds: Double?
  var imagesPerSecond: Double?
  var flopPerRound: Double?

  // Of training alone:
  var memory: String?
  var optimizer: String?

  // Of products alone:
  var products: [Product]?
  var bestGigaflopPerSecond: Double?
  /// At which memory is read, at best.
  var gigabytesPerSecond: Double?

  mutating func setRounds(_ seconds: [Double], batch: Int, flop: Double) {
    let middle = median(seconds)
    secondsPerRound = seconds
    medianSeconds = middle
    imagesPerSecond = Double(batch) / middle
    flopPerRound = flop
    self.batch = batch
  }

  /// The same in a sentence.
  var sentence: String {
    var parts: [String] = []
    if let medianSeconds, let imagesPerSecond, let flopPerRound, let batch {
      parts.append(
        String(
          format: "\(task.rawValue): %.4g s per batch of \(batch), %.4g images/s, %.4g GFLOP/s", medianSeconds,
          imagesPerSecond, flopPerRound / medianSeconds / 1e9))
    } else if let bestGigaflopPerSecond {
      parts.append(String(format: "product: %.4g GFLOP/s at best", bestGigaflopPerSecond))
    } else {
      parts.append(task.rawValue)
    }
    if let peakBytes { parts.append("peak memory \(peakBytes / 1_000_000) MB") }
    if let devicePeakBytes { parts.append("on the device \(devicePeakBytes / 1_000_000) MB") }
    parts.append("\(counted(threads, "thread")) on \(device), libtorch \(libtorchVersion)")
    return parts.joined(separator: "; ")
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let half = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/// The wall time of each of `rounds` calls of `body`, in seconds, after `warmup` calls that are not counted.
func timeRounds(_ rounds: Int, warmup: Int, _ body: () throws -> Void) rethrows -> [Double] {
  for _ in 0..<warmup { try body() }
  let clock = ContinuousClock()
  return try (0..<rounds).map { _ in try clock.measure(body) / .seconds(1) }
}
