import FlowModels
import Foundation
import Imaging
import ServedModels
import Synchronization
import Testing
import Torch

@testable import Inference

/// Callers share passes through the model, and get what they would alone.
@Suite(.serialized) struct BatchingTests {
  private func model(
    size: Int = 64, wait: Duration = .milliseconds(100), queue: Int = 512, cachedImages: Int = 256
  ) async throws -> (ServedModel, ImageModel) {
    let served = try ServedModel()
    let limits = BatchLimits(size: size, wait: wait, queue: queue, cachedImages: cachedImages)
    return (served, try await ImageModel(served.folder.path, limits: limits))
  }

  @Test func concurrentSamplesShareAPass() async throws {
    let (_, lonely) = try await model(wait: .zero)
    let alone = try await (0..<6).asyncMap { try await lonely.sample(count: 2, seed: UInt64($0)) }
    #expect(lonely.state.batches == 6)
    let (_, model) = try await model(size: 12, wait: .seconds(3600))
    let together = try await withThrowingTaskGroup(of: (Int, Drawn).self) { group in
      for seed in 0..<6 { group.addTask { (seed, try await model.sample(count: 2, seed: UInt64(seed))) } }
      return try await group.reduce(into: [Int: Drawn]()) { $0[$1.0] = $1.1 }
    }
    #expect((0..<6).allSatisfy { together[$0] == alone[$0] })
    #expect(model.state.batches == 1 && model.state.images == 12)
  }

  @Test func aFullBatchDoesNotWait() async throws {
    let (_, model) = try await model(size: 4, wait: .seconds(3600))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 { group.addTask { _ = try await model.sample() } }
      try await group.waitForAll()
    }
    #expect(model.state.batches == 1)
  }

  @Test func whatIsLargerThanABatchGoesThroughInParts() async throws {
    let (_, model) = try await model(size: 3, wait: .zero)
    let all = try await model.sample(count: 8, seed: 5)
    #expect(model.state.batches == 3 && all.count == 8)
    #expect(try await model.sample(count: 2, seed: 5) == Array(all[..<2]))
  }

  @Test func callersWithOtherWorkWaitForTheirTurn() async throws {
    let (_, model) = try await model(wait: .milliseconds(20))
    let picture = try ColorImages().image(at: 0)
    async let sample = model.sample(seed: 1)
    async let score = model.score([picture])
    async let latents = model.encode([picture])
    _ = try await (sample, score, latents)
    #expect(model.state.batches == 3)
  }

  @Test func aCallerThatIsGoneCostsNothing() async throws {
    let (_, model) = try await model(size: 6, wait: .seconds(3600))
    let gone = Task { try await model.sample(count: 5) }
    while model.state.imagesUnderWay < 5 { await Task.yield() }
    gone.cancel()
    await #expect(throws: CancellationError.self) { try await gone.value }
    _ = try await model.sample(count: 6)
    #expect(model.state.images == 6 && model.state.batches == 1)
    #expect(model.state.imagesUnderWay == 0)
  }

  /// A model on disk of which so many images take seconds.
  private func slowModel() async throws -> (ImageModel, count: Int, remove: @Sendable () -> Void) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slow-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let configuration = GlowConfiguration(height: 32, width: 32, channels: 3, levels: 2, steps: 16, hidden: 64)
    try ModelFolder.write(Glow(configuration, options: TensorOptions(.float32), seed: 3), to: folder)
    let limits = BatchLimits(size: 16, wait: .zero, queue: 5000)
    let model = try await ImageModel(folder.path, limits: limits)
    return (model, 2000, { try? FileManager.default.removeItem(at: folder) })
  }

  @Test func aLargeCallKeepsNoSmallOneWaiting() async throws {
    let (model, count, remove) = try await slowModel()
    defer { remove() }
    let large = Task { try await model.sample(count: count) }
    while model.state.batches < 1 { try await Task.sleep(for: .milliseconds(5)) }
    _ = try await model.sample(count: 2, seed: 9)
    let before = model.state.images
    #expect(before < count / 2)
    // In the middle of a pass.
    large.cancel()
    await #expect(throws: CancellationError.self) { try await large.value }
    await model.rest()
    #expect(model.state.images < count / 2 + 100 && model.state.imagesUnderWay == 0)
    #expect(try await model.sample(count: 1).count == 1)
  }

  @Test func tooManyAreRefusedAtOnce() async throws {
    let (_, model) = try await model(size: 6, wait: .seconds(3600), queue: 6)
    let first = Task { try await model.sample(count: 4) }
    while model.state.imagesUnderWay < 4 { await Task.yield() }
    await #expect(throws: InferenceError.self) { try await model.sample(count: 3) }
    #expect(model.state.imagesUnderWay == 4)
    _ = try await model.sample(count: 2)
    _ = try await first.value
    // Alone, any number is taken.
    #expect(try await model.sample(count: 7).count == 7)
  }

  @Test func latentsAreKeptAndForgotten() async throws {
    let (_, model) = try await model(wait: .zero, cachedImages: 4)
    let pictures = try (0..<6).map { try ColorImages().image(at: $0) }
    for picture in pictures { _ = try await model.encode([picture]) }
    let before = model.state.images
    _ = try await model.encode([pictures[5]])
    #expect(model.state.images == before)
    _ = try await model.encode([pictures[0]])
    #expect(model.state.images == before + 1)
  }

  @Test func allWorkIsOnOneThread() async throws {
    let (_, model) = try await model()
    let threads = try await (0..<20).asyncMap { _ in await model.threadNumber() }
    #expect(Set(threads).count == 1)
  }

  @Test func threadsEndWithTheirModels() async throws {
    func threads() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    _ = try await model().1.sample()
    try await Task.sleep(for: .milliseconds(100))
    let before = try threads()
    for _ in 0..<5 { _ = try await model().1.sample() }
    try await Task.sleep(for: .milliseconds(300))
    // libtorch's own pool of a thread may end a little later.
    #expect(try threads() <= before + 4)
  }
}

extension ImageModel {
  fileprivate func threadNumber() -> Int { Int(bitPattern: ObjectIdentifier(Thread.current)) }
}

extension Sequence {
  fileprivate func asyncMap<R>(_ body: (Element) async throws -> R) async throws -> [R] {
    var results: [R] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
