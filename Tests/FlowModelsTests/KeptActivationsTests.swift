import FlowModels
import Testing
import TestSupport
import Torch

@Suite struct KeptActivationsTests {
  private let model = GlowConfiguration(height: 32, width: 32, channels: 3, levels: 3, steps: 4, hidden: 512)
  /// Of one step at each level for a batch of 2, counted by hand: pixels, then input, hidden layers and output.
  private let each = [2 * 256 * (12 + 1024 + 12) * 4, 2 * 64 * (24 + 1024 + 24) * 4, 2 * 16 * (48 + 1024 + 48) * 4]

  private func fitting(_ bytes: Int) -> [Int] { KeptActivations.fitting(bytes, of: model, batch: 2).steps }

  @Test func deepLevelsComeFirst() {
    #expect(fitting(0) == [0, 0, 0])
    #expect(fitting(-1) == [0, 0, 0])
    #expect(fitting(each[2] - 1) == [0, 0, 0])
    #expect(fitting(each[2]) == [0, 0, 1])
    #expect(fitting(4 * each[2] + 2 * each[1]) == [0, 2, 4])
    #expect(fitting(4 * (each[2] + each[1]) + 3 * each[0] + 5) == [3, 4, 4])
    #expect(fitting(Int.max) == [4, 4, 4])
  }

  @Test func bytes() {
    let all = KeptActivations.all(of: model)
    #expect(all.count == 12 && all.fits(model))
    #expect(all.bytes(of: model, batch: 2) == 4 * each.reduce(0, +))
    #expect(
      all.bytes(of: model, batch: 2, precision: .bfloat16)
        == 4 * 2 * (256 * (24 * 4 + 1024 * 2) + 64 * (48 * 4 + 1024 * 2) + 16 * (96 * 4 + 1024 * 2)))
    #expect(KeptActivations.none(of: model).bytes(of: model, batch: 2) == 0)
    #expect(!KeptActivations(steps: [5, 0, 0]).fits(model) && !KeptActivations(steps: [1, 1]).fits(model))
  }
}
