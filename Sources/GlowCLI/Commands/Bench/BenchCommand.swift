import ArgumentParser
import FlowModels
import Flows
import Foundation
import Torch

enum BenchTask: String, ExpressibleByArgument, CaseIterable, Encodable {
  case train, sample, latency, evaluate, product, idle
}

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure the speed and the memory of one task, in a process of its own.",
    discussion: """
      Tasks:
        train: whole training steps on images of noise
        sample: drawing a batch of images; latency: drawing one
        evaluate: the log-likelihood of a batch
        product: the best rate of libtorch's matrix product, and of reading memory
        idle: the memory of a process that has only loaded libtorch

      Prints one JSON object. `make bench` compares these figures with other implementations.

      Examples:
        glow bench --shape small --task train
        glow bench --task latency --threads 1
      """)

  @Option(help: "train, sample, latency, evaluate, product or idle.") var task = BenchTask.train
  @OptionGroup(title: "Model (by default as --shape says)") var model: BenchShapeFlags
  @Option(help: "Images per round; by default 32 (cifar10) or 64 (small) in training, 64 in sample and evaluate.")
  var batch: Int?
  @Option(help: "In training: reversible rebuilds activations, keep stores them.") var memory = BenchPolicy.reversible
  @Option(help: "In training.") var optimizer = BenchOptimizer.adamax
  @Option(help: "What the coupling networks multiply: float32, bf16, or on NVIDIA GPUs tf32.")
  var precision = ConditionerPrecision.float32
  @Option(
    help: ArgumentHelp(
      "How threads work together: each on images of its own, or all on each operation.", valueName: "way"))
  var parallelism = Parallelism.automatic
  @Option(help: "Rounds before the first that counts.") var warmupRounds = 1
  @Option(help: "Rounds that count.") var rounds = 3
  @Flag(help: "Instead print where the time of a training step goes, by kind and level, and the conditioners' rates.")
  var profile = false
  @OptionGroup var runtime: RuntimeOptions

  func validate() throws {
    if let batch, !(1...65536).contains(batch) { throw ValidationError("--batch is \(batch), expected 1 to 65536") }
    guard (1...1_000_000).contains(rounds) else {
      throw ValidationError("--rounds is \(rounds), expected 1 to 1000000")
    }
    guard (0...1_000_000).contains(warmupRounds) else {
      throw ValidationError("--warmup-rounds is \(warmupRounds), expected 0 to 1000000")
    }
    guard task != .latency || batch == nil || batch == 1 else {
      throw ValidationError("--task latency draws one image: leave --batch out, or measure --task sample")
    }
    guard !profile || task == .train else {
      throw ValidationError("--profile is of training: leave --task \(task.rawValue) out")
    }
  }

  func run() throws {
    let configuration = try model.configuration()
    let device = try runtime.start()
    let small = try Tensor.ones([64, 64], on: device)
    _ = try small.matmul(small).sum().item()
    let idle = ProcessMemory.resident

    if profile {
      let profile = try BenchProfile(
        configuration, batch: trainingBatch, memory: memory, optimizer: optimizer, precision: precision, rounds: rounds,
        warmup: warmupRounds, on: device)
      return print(profile.table)
    }
    var report = BenchReport(
      task: task, device: device.description, threads: Runtime.threadCount, libtorchVersion: Runtime.headerVersion,
      idleBytes: idle)
    switch task {
    case .idle: break
    case .product:
      report.setProducts(try benchProducts(precision, rounds: rounds, warmup: warmupRounds, on: device))
      report.gigabytesPerSecond = try benchReading(rounds: rounds, warmup: warmupRounds, on: device)
    case .train: try train(configuration, device, &report)
    case .sample, .latency, .evaluate: try infer(configuration, device, &report)
    }
    report.peakBytes = ProcessMemory.peak
    printJSON(try prettyJSON(report))
    if !Talk.isQuiet { FileHandle.standardError.write(Data((report.sentence + "\n").utf8)) }
  }

  private var trainingBatch: Int { batch ?? model.shape.trainingBatch }

  /// The seconds of each round of `body`, which has to end by reading a result: that waits for the device. The device's
  /// peak memory is that of these rounds.
  private func time(on device: Device, _ report: inout BenchReport, _ body: () throws -> Void) throws -> [Double] {
    for _ in 0..<warmupRounds { try body() }
    try device.resetPeakAllocatedBytes()
    let seconds = try timeRounds(rounds, warmup: 0, body)
    report.devicePeakBytes = try device.peakAllocatedBytes()
    return seconds
  }

  private func train(_ configuration: any BenchConfiguration, _ device: Device, _ report: inout BenchReport) throws {
    let training = try BenchTraining(
      configuration, batch: trainingBatch, memory: memory, optimizer: optimizer, precision: precision,
      parallelism: parallelism,
      on: device)
    let seconds = try time(on: device, &report) { try training.step() }
    report.shape = configuration.described(as: model.shape.rawValue)
    report.setRounds(
      seconds, batch: trainingBatch, flop: configuration.work.training(batch: trainingBatch, memory: memory))
    report.stateBytes = training.stateBytes
    report.memory = memory.rawValue
    report.precision = precision.rawValue
    report.optimizer = optimizer.rawValue
  }

  private func infer(_ configuration: any BenchConfiguration, _ device: Device, _ report: inout BenchReport) throws {
    let count = task == .latency ? 1 : batch ?? 64
    let flow = try benchModel(configuration, precision: precision, on: device)
    flow.parallelism = parallelism
    let x = task == .evaluate ? try benchImages(count, for: configuration, seed: 3, on: device) : nil
    let seconds = try time(on: device, &report) {
      let result = try x.map { try flow.logProbability($0, labels: nil) } ?? flow.sample(count: count, batchSize: count)
      try requireFinite(result.sum().item())
    }
    report.shape = configuration.described(as: model.shape.rawValue)
    report.setRounds(seconds, batch: count, flop: configuration.work.pass(batch: count))
    report.precision = precision.rawValue
    report.stateBytes = flow.parameters.count * DType.float32.byteWidth
  }
}
