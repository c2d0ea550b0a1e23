import FlowModels
import Flows
import Foundation
import Torch

/// Where the time of a training step goes: every part is timed alone on tensors of its level's shape and multiplied by
/// how often a step runs it; the whole step is timed beside them, so that what the parts miss shows.
struct BenchProfile {
  /// The seconds of one kind of work in a step, column by column; work outside the columns is one number.
  private struct Row {
    let part: String
    let seconds: [Double]
    var total: Double { seconds.reduce(0, +) }
  }

  private let title: String
  private let columns: [String]
  private let rows: [Row]
  private let step: Double
  /// The operations of the conditioners in a step, column by column.
  private let operations: [(part: StepPart, counts: [Double])]
  /// Operations a second of libtorch's matrix product.
  private let productRate: Double

  init(
    _ model: any BenchConfiguration, batch: Int, memory: BenchPolicy, optimizer: BenchOptimizer,
    precision: ConditionerPrecision, rounds: Int, warmup: Int, on device: Device
  ) throws {
    let time = Stopwatch(rounds: rounds, warmup: warmup)
    let groups = try StepGroup.all(of: model, batch: batch, precision: precision, on: device)
    let times = try groups.map { try $0.times(keep: memory == .keep, time) }
    columns = groups.map(\.name)
    let training = try BenchTraining(
      model, batch: batch, memory: memory, optimizer: optimizer, precision: precision, on: device)
    let vector = training.parameters
    var rows = StepPart.allCases.map { part in Row(part: part.rawValue, seconds: times.map { $0[part] ?? 0 }) }
    rows.append(
      Row(
        part: "zeroing of gradients",
        seconds: [
          try time {
            try vector.zeroGradients(); return vector.gradients
          }
        ]))
    rows.append(Row(part: "gradient norm", seconds: [try time { try vector.gradientNorm().reshaped([1]) }]))
    if optimizer != .none {
      let norm = try vector.gradientNorm()
      rows.append(
        Row(
          part: "optimizer",
          seconds: [
            try time {
              try training.update(norm); return vector.values
            }
          ]))
    }
    self.rows = rows
    step = try timeRounds(rounds, warmup: warmup) { try training.step() }.min()!
    title =
      "A training step of \(model.summary) on \(batch) images \(model.height)x\(model.width)x\(model.channels), "
      + "\(precision.rawValue), \(memory.rawValue), in milliseconds"
    let work = model.work
    operations = [
      (.conditionerForward, groups.indices.map { Double(batch) * work.conditioners[$0] }),
      (
        .conditionerBackward,
        groups.indices.map { Double(batch) * work.conditionersBackward($0, memory: memory) }
      ),
    ]
    productRate =
      try 1e9 * benchProducts(rounds: rounds, warmup: warmup, on: device).map(\.gigaflopPerSecond).max()!
  }

  var table: String {
    let sum = rows.map(\.total).reduce(0, +)
    func milliseconds(_ seconds: Double) -> String { String(format: "%.1f", 1000 * seconds) }
    func share(_ part: Double, of whole: Double) -> String { String(format: "%.1f%%", 100 * part / whole) }
    let blanks = [String](repeating: "", count: columns.count)
    let body = rows.map { row in
      line(
        row.part,
        (row.seconds.count == columns.count && columns.count > 1 ? row.seconds.map(milliseconds) : blanks)
          + [milliseconds(row.total), share(row.total, of: sum)])
    }
    let ends = [("sum of the parts", sum), ("whole step, measured", step), ("difference", step - sum)].map {
      line($0, blanks + [milliseconds($1), share($1, of: sum)])
    }
    let rates = operations.map { part, counts in
      let row = rows.first { $0.part == part.rawValue }!
      let all = counts.reduce(0, +)
      return line(
        part.rawValue,
        zip(counts, row.seconds).map { share($0 / $1, of: productRate) } + [share(all / row.total, of: productRate)])
    }
    let gigaflops = String(format: "%.4g", productRate / 1e9)
    return
      ([title, line("", columns + ["all", "share"])] + body + ends
      + ["", "The same products as a share of sgemm's rate, \(gigaflops) GFLOP/s"] + rates).joined(separator: "\n")
  }

  private func line(_ part: String, _ cells: [String]) -> String {
    part.padding(toLength: 28, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(0, 10 - $0.count)) + $0 }.joined()
  }
}
