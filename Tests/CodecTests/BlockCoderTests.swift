import FlowModels
import Foundation
import TestSupport
import Testing

@testable import Codec

/// Blocks of tiles of all kinds come back, and damaged ones are refused.
@Suite(.serialized) struct BlockCoderTests {
  private static let variant = FlowCodeTests.Coded(
    Variant("blocks", height: 8, width: 12) {
      $0.classNames = ["a", "b", "c"]
      $0.labelConditioning = .everywhere
      $0.scale = .bounded
    })
  private static let fiveBits = FlowCodeTests.Coded(Variant("five bits") { $0.bits = 5 })

  private func coder(_ variant: FlowCodeTests.Coded, _ options: BlockOptions = BlockOptions()) throws -> BlockCoder {
    BlockCoder(
      try FlowCode(variant.model().blueprint()), variant.kind, options: options)
  }

  /// Noise, constants, gradients, and parts of tiles.
  private func tiles(_ count: Int, _ variant: FlowCodeTests.Coded, bits: Int = 8) -> [Tile] {
    let (height, width, channels) = (
      variant.configuration.height, variant.configuration.width, variant.configuration.channels
    )
    var random = SplitMix(7)
    return (0..<count).map { number in
      let (h, w) = number % 5 == 4 ? (1 + number % height, 1 + number % width) : (height, width)
      let middle = bits == 8 ? 0 : UInt8(1 << (7 - bits))
      let pixels = (0..<h * w * channels).map { place -> UInt8 in
        let value: UInt8 =
          switch number % 3 {
          case 0: .random(in: .min ... .max, using: &random)
          case 1: UInt8(number % 256)
          default: UInt8((3 * place + number) % 256)
          }
        return bits == 8 ? value : (value & ~(2 * middle - 1)) + middle
      }
      return Tile(width: w, height: h, pixels: pixels)
    }
  }

  private func sizes(_ tiles: [Tile]) -> [TileSize] { tiles.map(\.size) }

  @Test(arguments: [0, 1, 2, 9, 40]) func everyTileComesBack(count: Int) throws {
    for isSeeded in [true, false] {
      for isMixed in [true, false] {
        let options = BlockOptions(effort: 3, isSeeded: isSeeded, isMixed: isMixed)
        let given = tiles(count, Self.variant)
        let coded = try coder(Self.variant, options).encode(given, (0..<count).map { .label($0 % 3) }, key: 5)
        let found = try coder(Self.variant).decode(coded.bytes[...], sizes: sizes(given), key: 5)
        #expect(found == given, "\(count) tiles, seeded \(isSeeded), mixed \(isMixed)")
        let raw = given.map(\.pixels.count).reduce(0, +)
        #expect(coded.bytes.count <= raw + raw / 100 + 64, "\(coded.bytes.count) bytes for \(raw)")
      }
    }
  }

  @Test func modelsOfFewerBits() throws {
    let given = tiles(12, Self.fiveBits, bits: 5)
    let coded = try coder(Self.fiveBits).encode(given, given.map { _ in .none }, key: 1)
    #expect(try coder(Self.fiveBits).decode(coded.bytes[...], sizes: sizes(given), key: 1) == given)
    let whole = tiles(12, Self.fiveBits)
    let options = BlockOptions(keepsHiddenBits: true)
    let all = try coder(Self.fiveBits, options).encode(whole, whole.map { _ in .none }, key: 1)
    #expect(try coder(Self.fiveBits, options).decode(all.bytes[...], sizes: sizes(whole), key: 1) == whole)
  }

  /// Every byte changed, and every length: a reason, another picture where nothing can be known, and no crash.
  @Test func damage() throws {
    let given = tiles(10, Self.variant)
    let reader = try coder(Self.variant)
    let coded = try coder(Self.variant, BlockOptions(effort: 1)).encode(
      given, (0..<10).map { .label($0 % 3) }, key: 5
    ).bytes
    for end in 0..<coded.count where end < 40 || end % 17 == 0 {
      #expect(throws: Damage.self) { try reader.decode(coded[..<end], sizes: sizes(given), key: 5) }
    }
    for place in coded.indices where place < 40 || place % 13 == 0 {
      var damaged = coded
      damaged[place] ^= 0x41
      let found = try? reader.decode(damaged[...], sizes: sizes(given), key: 5)
      #expect(found.map { $0.count == given.count } ?? true)
    }
    #expect(throws: Damage.self) { try reader.decode((coded + [0])[...], sizes: sizes(given), key: 5) }
  }
}
