import Foundation
import Testing

@testable import Datasets

@Suite struct AugmentationTests {
  private let shape = ImageShape(height: 1, width: 4, channels: 2)
  private let row: [UInt8] = [10, 11, 20, 21, 30, 31, 40, 41]

  @Test func flippingMirrorsPixelsAndKeepsChannels() {
    let results = Set((0..<20).map { apply(Augmentation(horizontalFlip: true), seed: $0) })
    #expect(results == [row, [40, 41, 30, 31, 20, 21, 10, 11]])
  }

  @Test func shiftingRepeatsTheEdge() {
    let results = Set((0..<60).map { apply(Augmentation(shift: 0.25), seed: $0) })
    #expect(results == [row, [10, 11, 10, 11, 20, 21, 30, 31], [20, 21, 30, 31, 40, 41, 40, 41]])
  }

  @Test func decodingChecksTheShift() throws {
    let augmentation = Augmentation(horizontalFlip: true, shift: 0.1)
    let encoded = try JSONEncoder().encode(augmentation)
    #expect(try JSONDecoder().decode(Augmentation.self, from: encoded) == augmentation)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Augmentation.self, from: Data(#"{"horizontalFlip": false, "shift": 1.5}"#.utf8))
    }
  }

  private func apply(_ augmentation: Augmentation, seed: UInt64) -> [UInt8] {
    var random = KeyedRandom(.augmentation, seed)
    var target = [UInt8](repeating: 0, count: row.count)
    row.withUnsafeBufferPointer { source in
      target.withUnsafeMutableBufferPointer {
        augmentation.apply(source, to: $0, shape: shape, random: &random)
      }
    }
    return target
  }
}
