import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct GeneratorTests {
  private func draw(_ generator: Generator) throws -> [[Double]] {
    [
      try Tensor.normal([5], .float64, using: generator).elements(),
      try Tensor.normal([20], .float32, using: generator).elements(),
      try Tensor.uniform([5], .float64, using: generator).elements(),
      try Tensor.permutation(6, using: generator).elements(),
    ]
  }

  @Test func sameSeedSameNumbers() throws {
    let first = try draw(Generator(seed: 5))
    #expect(try draw(Generator(seed: 5)) == first)
    #expect(try draw(Generator(seed: 6)) != first)
  }

  @Test func isIndependentOfTheGlobalOne() throws {
    let expected = try draw(Generator(seed: 5))
    let generator = try Generator(seed: 5)
    try Runtime.seed(99)
    let global = try Tensor.normal([3], .float64).elements(Double.self)
    #expect(try draw(generator) == expected)
    try Runtime.seed(99)
    #expect(try Tensor.normal([3], .float64).elements() == global)
  }

  @Test func stateGoesOnWithTheSameNumbers() throws {
    let generator = try Generator(seed: 5)
    _ = try Tensor.normal([3], .float64, using: generator)
    let state = try generator.state()
    #expect(state.dtype == .uint8)
    let next = try draw(generator)
    let other = try Generator(seed: 0)
    try other.setState(state)
    #expect(try draw(other) == next)
    #expect(throws: TorchError.self) { try other.setState(.zeros([3], .uint8)) }
  }

  @Test func distributions() throws {
    let generator = try Generator(seed: 5)
    let count = 100_000.0
    let normal = try Tensor.normal([Int(count)], .float64, using: generator)
    #expect(abs(try normal.mean().item()) < 4 / count.squareRoot())
    #expect(abs(try normal.variance().item() - 1) < 4 * (2 / count).squareRoot())
    let uniform = try Tensor.uniform([Int(count)], using: generator)
    #expect(try uniform.minimum().item() >= 0 && uniform.maximum().item() < 1)
    #expect(abs(try uniform.mean().item() - 0.5) < 4 * (1 / (12 * count)).squareRoot())
    #expect(try Tensor.permutation(50, using: generator).elements(Int.self).sorted() == Array(0..<50))
  }
}

@Suite(.serialized) struct GradientsTests {
  @Test func cotangents() throws {
    let x = try Tensor([1.0, 2, 3]).requiringGradient()
    let y = try Tensor([4.0, 5, 6]).requiringGradient()
    let (product, square) = try withGradients { (try x * y, try x.squared().sum()) }
    let found = try gradients(
      of: [product, square], with: [Tensor([1.0, 10, 100]), .full(0.5, [], .float64)], withRespectTo: [x, y])
    #expect(try found[0]!.elements() == [4 + 1.0, 50 + 2, 600 + 3])
    #expect(try found[1]!.elements() == [1.0, 20, 300])
  }

  @Test func nilForWhatIsNotUsed() throws {
    let (x, y) = try (Tensor([1.0]).requiringGradient(), Tensor([1.0]).requiringGradient())
    let z = try withGradients { try x * 2 }
    let found = try gradients(of: [z], with: [.ones([1], .float64)], withRespectTo: [x, y])
    #expect(try found[0]!.item() == 2)
    #expect(found[1] == nil)
  }

  @Test func detached() throws {
    let x = try Tensor([3.0]).requiringGradient()
    let y = try withGradients { try x * x.squared().detached() }
    #expect(try gradients(of: [y], with: [.ones([1], .float64)], withRespectTo: [x])[0]!.item() == 9)
  }

  @Test func withoutAGraph() throws {
    let x = try Tensor([3.0]).requiringGradient()
    let y = try withInference { try x * 2 }
    #expect(throws: TorchError.self) { try gradients(of: [y], with: [.ones([1], .float64)], withRespectTo: [x]) }
    try expectNoLeak("a graph") {
      for _ in 0..<10 {
        let z = try withGradients { try x * 2 }
        _ = try gradients(of: [z], with: [.ones([1], .float64)], withRespectTo: [x])
      }
    }
  }

  /// Autograd within a scope without it, on tensors from inside and outside.
  @Test func withinInference() throws {
    let outside = try Tensor([3.0])
    let found = try withInference {
      let inside = try outside * 2
      let gradient = try withGradients {
        let (a, b) = try (outside.requiringGradient(), inside.requiringGradient())
        return try gradients(of: [a * b], with: [inside], withRespectTo: [a, b]).map { try $0!.item() }
      }
      #expect(throws: TorchError.self, "recording is off again") {
        try gradients(of: [outside * 2], with: [inside], withRespectTo: [outside])
      }
      return gradient
    }
    #expect(found == [36, 18])
    #expect(try outside.requiringGradient().sharesMemory(with: outside))
  }

  @Test func scopesEndWhenTheyThrow() throws {
    struct Failure: Error {}
    #expect(throws: Failure.self) { try withInference { throw Failure() } }
    let x = try Tensor([3.0]).requiringGradient()
    #expect(try gradients(of: [x * 2], with: [.ones([1], .float64)], withRespectTo: [x])[0]!.item() == 2)
  }
}

@Suite(.serialized) struct RuntimeTests {
  @Test func version() throws {
    try Runtime.checkVersion()
    #expect(Runtime.libraryVersion == Runtime.headerVersion)
    #expect(Runtime.headerVersion.split(separator: ".").count == 3)
    #expect(Runtime.buildDescription.contains("OpenMP") || Runtime.buildDescription.contains("PyTorch"))
  }

  @Test func threadCount() throws {
    let own = Runtime.threadCount
    #expect(own >= 1)
    let image = try randomTensor([4, 40, 8, 3], seed: 1)
    let expected = try image.patches3x3(edgeChannel: true)
    for count in [1, 3, own] {
      try Runtime.setThreadCount(count)
      #expect(Runtime.threadCount == count)
      try expectEqual(image.patches3x3(edgeChannel: true), expected, "on \(count) threads")
    }
  }

  /// Megabytes of this process that are in memory; nil where there is no /proc.
  private var resident: Int? {
    let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return pages.flatMap { Int($0[1]) }.map { ($0 * 4096) >> 20 }
  }

  @Test func keepFreedMemory() throws {
    Runtime.keepFreedMemory()
    #expect(try Tensor.ones([1000]).sum().item() == 1000)
    Runtime.returnFreedMemory()
    guard let before = resident else { return }
    func use() throws {
      let large = try Tensor.full(0.5, [50 << 20])
      #expect(try large.sum().item() == Double(25 << 20))
    }
    for _ in 0..<3 {
      try use()
      // 200 MB are kept, and used again.
      #expect(resident! - before > 180 && resident! - before < 260)
    }
    Runtime.returnFreedMemory()
    #expect(resident! - before < 50)
  }

  /// Products of bfloat16 matrices take memory of their own accord, and give it back.
  @Test func memoryWithoutATensor() throws {
    Runtime.keepFreedMemory()
    let ones = try Tensor.ones([512, 512], .bfloat16)
    for columns in [8, 512] {
      let product = try ones.matmul(ones.narrowed(1, 0..<columns), adding: ones.narrowed(1, 0..<columns))
      #expect(try product.maximum().item() == 512)
      #expect(try product.minimum().item() == 512)
    }
  }

  /// Work of other sizes does not add its memory to that of the work before without end.
  @Test func keptMemoryIsBounded() throws {
    Runtime.keepFreedMemory()
    Runtime.returnFreedMemory()
    guard let before = resident else { return }
    for megabytes in stride(from: 40, to: 100, by: 6) {
      #expect(try Tensor.ones([megabytes << 18]).narrowed(0, 0..<5).sum().item() == 5)
    }
    #expect(resident! - before < 94 * 3 / 2 + 64 + 50)
    Runtime.returnFreedMemory()
  }
}
