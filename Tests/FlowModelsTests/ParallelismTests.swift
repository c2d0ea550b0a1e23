import Flows
import TestSupport
import Testing
import Torch

@testable import FlowModels

@Suite(.serialized) struct ParallelismTests {
  private func withThreads<R>(_ count: Int, _ body: () throws -> R) throws -> R {
    let before = Runtime.threadCount
    try Runtime.setThreadCount(count)
    defer { try? Runtime.setThreadCount(before) }
    return try body()
  }

  private func gradients(
    of model: MaskedGlow, _ variant: MaskedGlowVariant, _ x: Tensor, keeping kept: KeptActivations? = nil
  ) throws -> (Loss, Tensor) {
    try model.parameters.zeroGradients()
    let loss = try model.accumulateGradients(
      x, labels: variant.labels(x.shape[0]), keeping: kept, classifierWeight: 0.1, share: 0.5)
    return (loss, try model.parameters.gradients.copy())
  }

  @Test(arguments: MaskedGlowVariant.all, [1, 2, 3, 5, 7]) func bothWaysAgree(
    variant: MaskedGlowVariant, batch: Int
  ) throws {
    let (model, x, labels) = (try variant.model(), try variant.images(batch), try variant.labels(batch))
    try withThreads(3) {
      for kept in [nil, KeptActivations.all(of: variant.configuration)] {
        model.parallelism = .operations
        let (expected, expectedGradients) = try gradients(of: model, variant, x, keeping: kept)
        model.parallelism = .images
        let (loss, found) = try gradients(of: model, variant, x, keeping: kept)
        try expectClose(loss.logProbability, expected.logProbability, within: 1e-9, "log-probability")
        if let other = expected.crossEntropy {
          try expectClose(try #require(loss.crossEntropy), other, within: 1e-9, "cross-entropy")
        }
        try expectClose(found, expectedGradients, within: 1e-9, "gradients")
        #expect(try found.magnitude().maximum().item() > 1e-4)
      }
      let passes = try [Parallelism.operations, .images].map { way in
        model.parallelism = way
        let latents = try model.encode(x, labels: labels)
        return [
          try model.logProbability(x, labels: labels), try latents.flattened(),
          try model.decode(latents, labels: labels),
        ]
      }
      for (found, expected) in zip(passes[1], passes[0]) { try expectClose(found, expected, within: 1e-9, "a pass") }
    }
  }

  @Test func theSameThreadsGiveTheSameBits() throws {
    let variant = MaskedGlowVariant.all[1]
    let model = try variant.model(.float32)
    model.parallelism = .images
    let x = try variant.images(6, .float32)
    let runs = try withThreads(3) {
      try (0..<4).map { _ in try gradients(of: model, variant, x).1.elements(Float.self) }
    }
    #expect(runs.allSatisfy { $0 == runs[0] })
  }

  @Test func sharesAreAllImagesInTheirOrder() throws {
    let model = try MaskedGlowVariant.all[0].model()
    try withThreads(3) {
      #expect(model.shares(of: 8) == [0..<2, 2..<5, 5..<8])
      #expect(model.shares(of: 2) == [0..<1, 1..<2])
      #expect(model.shares(of: 0) == [0..<0])
      model.parallelism = .operations
      #expect(model.shares(of: 8) == [0..<8])
    }
    model.parallelism = .images
    try withThreads(1) { #expect(model.shares(of: 8) == [0..<8]) }
  }

  /// The statistics of a batch normalization are of the whole batch.
  @Test func batchNormalizationsSeeAllImages() throws {
    let model = try RealNVP(
      RealNVPConfiguration(height: 8, width: 8, channels: 1, levels: 2, blocks: 1, hidden: 4))
    model.parallelism = .images
    try withThreads(2) { #expect(model.shares(of: 8) == [0..<8]) }
  }

  /// The work of a small model on one image is one thread's; of several images, or a larger model, it is all threads'.
  @Test func aSingleImageOfASmallModelIsForOneThread() throws {
    let variant = MaskedGlowVariant.all[0]
    let (model, x) = (try variant.model(), try variant.images(1))
    func threads(_ shares: [Range<Int>]) throws -> [Int] {
      try model.sideBySide(shares) { _, _ in Runtime.threadCount }
    }
    try withThreads(3) {
      #expect(try threads(model.shares(of: 1)) == [1])
      #expect(try threads(model.shares(of: 3)) == [1, 1, 1])
      let found = try model.logProbability(x, labels: nil)
      model.parallelism = .operations
      #expect(try threads(model.shares(of: 1)) == [3])
      try expectClose(found, model.logProbability(x, labels: nil), within: 1e-9, "log-probability")
      #expect(Runtime.threadCount == 3)
    }
  }

  @Test func weightsThatChangeAreEverybodys() throws {
    let variant = MaskedGlowVariant.all[3]
    let (model, x) = (try variant.model(), try variant.images(4))
    let labels = try variant.labels(4)
    try withThreads(2) {
      _ = try model.logProbability(x, labels: labels)
      try model.parameters.values.multiplyInPlace(1.1)
      let found = try model.logProbability(x, labels: labels)
      model.parallelism = .operations
      try expectClose(found, try model.logProbability(x, labels: labels), within: 1e-9, "after a change")
    }
  }

  @Test func aFailedPassLeavesNoGradients() throws {
    let variant = MaskedGlowVariant.all[0]
    let (model, x) = (try variant.model(), try variant.images(4))
    model.parallelism = .images
    try withThreads(2) {
      let (_, expected) = try gradients(of: model, variant, x)
      let stop = Interruption { throw CancellationError() }
      try model.parameters.zeroGradients()
      #expect(throws: CancellationError.self) { try stop.during { try model.accumulateGradients(x) } }
      for helper in model.helpers { #expect(try helper.parameters.gradients.magnitude().maximum().item() == 0) }
      try expectClose(try gradients(of: model, variant, x).1, expected, within: 0, "gradients after a failure")
    }
  }

  @Test func aPrecisionIsEverybodys() throws {
    let model = try MaskedGlowVariant.all[0].model(.float32)
    let x = try MaskedGlowVariant.all[0].images(4, .float32)
    model.parallelism = .images
    try withThreads(2) {
      _ = try model.logProbability(x, labels: nil)
      guard Runtime.hasBFloat16Products else { return }
      try model.use(.bfloat16)
      #expect(model.helpers.allSatisfy { $0.precision == .bfloat16 })
    }
  }
}
