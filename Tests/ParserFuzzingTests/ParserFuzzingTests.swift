import Foundation
import ParserFuzzing
import TestSupport
import Testing

/// The parsers of files from outside, without libFuzzer: their seeds, what fuzzing found, and changes by a fixed random
/// sequence. `make fuzz` tries millions.
@Suite(.serialized) struct ParserFuzzingTests {
  private static let found = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Found")

  private func withTarget(_ name: String, _ body: (FuzzTarget) throws -> Void) throws {
    try withTemporaryFolder { folder in try body(#require(try FuzzTarget(name, folder: folder))) }
  }

  @Test(arguments: FuzzTarget.names) func seedsAreRead(parser: String) throws {
    try withTarget(parser) { target in
      for (number, seed) in try target.seeds().enumerated() {
        #expect(target.reads(seed), "seed \(number)")
      }
    }
  }

  @Test(arguments: FuzzTarget.names) func whatWasFound(parser: String) throws {
    let folder = Self.found.appending(path: parser)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    try withTarget(parser) { target in
      for name in names.sorted() {
        let complaint = target.complaint(about: Array(try Data(contentsOf: folder.appending(path: name))))
        #expect(complaint == nil, "\(name)")
      }
    }
  }

  @Test(arguments: FuzzTarget.names) func changedSeeds(parser: String) throws {
    try withTarget(parser) { target in
      var generator = SplitMix(state: 1)
      for seed in try target.seeds() {
        for _ in 0..<40 {
          let changed = changed(seed, using: &generator)
          let complaint = target.complaint(about: changed)
          #expect(complaint == nil, "\(Data(changed).base64EncodedString())")
        }
      }
    }
  }

  /// Cut, longer, or with other bytes.
  private func changed(_ bytes: [UInt8], using generator: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
    case 1: bytes += (0..<9).map { _ in UInt8.random(in: 0...255, using: &generator) }
    default:
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let byte = [0, 0x7F, 0xFF, UInt8.random(in: 0...255, using: &generator)].randomElement(using: &generator)!
        bytes[Int.random(in: bytes.indices, using: &generator)] = byte
      }
    }
    return bytes
  }
}

/// Sebastiano Vigna's splitmix64.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
