import FlowModels
import Flows
import Foundation
import ModelImages
import Torch

/// Whether this machine computes right, and how fast, in about ten seconds.
struct SelfTest {
  private let device: Device

  init(on device: Device) { self.device = device }

  func run(_ page: inout DoctorPage) throws {
    try testNumbers(&page)
    try speed(&page)
  }

  func testNumbers(_ page: inout DoctorPage) throws {
    try roundTrip(&page)
    try gradient(&page)
    try product(&page)
  }

  /// Noise through a deep flow and back: no pixel may change.
  private func roundTrip(_ page: inout DoctorPage) throws {
    let model = try benchModel(BenchShape.small.model, precision: .float32, on: device)
    let shape = [8, model.configuration.height, model.configuration.width, model.configuration.channels]
    let pixels = try (Tensor.uniform(shape, using: Generator(seed: 1)) * 256).converted(to: .uint8, on: device)
    let x = try model.images(of: pixels)
    let restored = try model.quantization.quantize(model.decode(model.encode(x, labels: nil), labels: nil))
    let same = try restored.equals(model.quantization.quantize(x)).converted(to: .float64).sum().item()
    let changed = restored.elementCount - Int(same)
    let text = "\(changed) of \(restored.elementCount) pixel values changed"
    if changed == 0 { page.line("round trip", text) } else { page.fault("round trip", text + ", expected 0") }
  }

  /// The gradient along a random direction beside a difference of two likelihoods, in float64.
  private func gradient(_ page: inout DoctorPage) throws {
    // Of doubles, which only processors have all operations of.
    let options = TensorOptions(.float64, on: .cpu)
    let shape = GlowConfiguration(height: 8, width: 8, channels: 3, levels: 2, steps: 2, hidden: 8)
    let model = try shape.makeModel(options: options, seed: 0)
    let x = try benchImages(4, for: shape, seed: 1, on: .cpu).converted(to: .float64)
    try model.initialize(from: x, labels: nil)
    try perturb(model.parameters.parameters)
    let vector = model.parameters
    try vector.zeroGradients()
    _ = try model.accumulateGradients(x, labels: nil, keeping: nil, classifierWeight: 0, share: 1, onFinal: nil)
    let direction = try Tensor.normal([vector.count], using: Generator(seed: 3)).converted(to: .float64)
    let analytic = try (vector.gradients * direction).sum().item()
    let step = 1e-5
    func loss(_ sign: Double) throws -> Double {
      try vector.values.addInPlace(direction, scale: sign * step)
      defer { try? vector.values.addInPlace(direction, scale: -sign * step) }
      return try -model.logProbability(x, labels: nil).mean().item() / Double(shape.dimensions) / log(2)
    }
    let numerical = try (loss(1) - loss(-1)) / (2 * step)
    let ratio = abs(analytic) > 0 ? analytic / numerical : 0
    let text = String(format: "%.3g and %.3g numerically, ratio %.8f", analytic, numerical, ratio)
    if abs(ratio - 1) < 1e-5 { page.line("gradient", text) } else { page.fault("gradient", text + ", expected 1") }
  }

  /// A product in float32 beside one in float64.
  private func product(_ page: inout DoctorPage) throws {
    let generator = try Generator(seed: 4)
    let (a, b) = (try Tensor.normal([256, 256], using: generator), try Tensor.normal([256, 256], using: generator))
    func product(_ dtype: DType, on device: Device) throws -> Tensor {
      try a.converted(to: dtype, on: device).matmul(b.converted(to: dtype, on: device)).converted(
        to: .float64, on: .cpu)
    }
    let exact = try product(.float64, on: .cpu)
    let error = try (product(.float32, on: device) - exact).norm().item() / exact.norm().item()
    let text = String(format: "float32 is %.1e from float64", error)
    if error < 1e-5 { page.line("product", text) } else { page.fault("product", text + ", expected below 1e-5") }
  }

  private func speed(_ page: inout DoctorPage) throws {
    func rate(_ precision: ConditionerPrecision) throws -> String {
      let best = try benchProducts(precision, rounds: 2, warmup: 1, on: device).map(\.gigaflopPerSecond).max() ?? 0
      return String(format: "%.0f GFLOP/s", best)
    }
    page.line("products", try rate(.float32) + (Runtime.hasBFloat16Products ? ", bf16 \(rate(.bfloat16))" : ""))
    page.line("memory", String(format: "%.1f GB/s", try benchReading(rounds: 3, warmup: 1, on: device)))
    let batch = BenchShape.small.trainingBatch
    let training = try BenchTraining(
      BenchShape.small.model, batch: batch, memory: .reversible, optimizer: .adamax, precision: .float32, on: device)
    let seconds = try timeRounds(3, warmup: 1) { try training.step() }.min()!
    page.line(
      "training",
      String(format: "%.0f images a second (L=2, K=8, 128 hidden, 32x32x3, float32)", Double(batch) / seconds))
  }
}
