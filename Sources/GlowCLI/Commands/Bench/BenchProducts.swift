import Flows
import Torch

/// The best rate of a matrix product, square and of the shape that Glow's hidden layers have.
func benchProducts(
  _ precision: ConditionerPrecision = .float32, rounds: Int, warmup: Int, on device: Device
) throws -> [BenchReport.Product] {
  let dtype = precision == .bfloat16 ? DType.bfloat16 : .float32
  return try [(1024, 1024, 1024), (2048, 2048, 2048), (3072, 3072, 3072), (8192, 512, 512)].map { m, k, n in
    let generator = try Generator(seed: 1)
    let a = try Tensor.normal([m, k], using: generator).converted(to: dtype, on: device)
    let b = try Tensor.normal([k, n], using: generator).converted(to: dtype, on: device)
    let corner = try Tensor.zeros([1, 1], on: device)
    let seconds = try timeRounds(rounds, warmup: warmup) {
      // Reading one element waits for the device.
      try corner.assign(a.matmul(b).narrowed(0, 0..<1).narrowed(1, 0..<1))
      _ = try corner.item()
    }
    let flop = 2 * Double(m) * Double(k) * Double(n)
    return BenchReport.Product(m: m, k: k, n: n, gigaflopPerSecond: flop / seconds.min()! / 1e9)
  }
}

/// Gigabytes a second at which a tensor larger than the caches is read, at best.
func benchReading(rounds: Int, warmup: Int, on device: Device) throws -> Double {
  let tensor = try Tensor.ones([1 << 26], .float32, on: device)
  let seconds = try timeRounds(rounds, warmup: warmup) { _ = try tensor.sum().item() }
  return Double(tensor.byteCount) / seconds.min()! / 1e9
}

extension BenchReport {
  mutating func setProducts(_ products: [Product]) {
    self.products = products
    bestGigaflopPerSecond = products.map(\.gigaflopPerSecond).max()
  }
}
