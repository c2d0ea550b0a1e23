import Foundation
import Imaging
import Testing

/// Each of Glow's variants, from the command line: trained, scored, sampled.
@Suite struct VariantTests {
  /// Trains on tiny labeled images and hands the run to `body`.
  private func withRun(_ flags: [String], images: Int = 32, _ body: (URL, [String: Any]) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let data = "idx:\(try writeIDX(to: folder.appending(path: "data")).path)"
      let run = folder.appending(path: "run")
      let outcome = try GlowBinary.run(tinyTraining(on: data, to: run, images: images) + flags)
      #expect(outcome.status == 0, "\(flags): \(outcome.errors)")
      let checkpoint = run.appending(path: "checkpoints/images-\(images)")
      let config = try #require(checkpoint.appending(path: "config.json").json()["glow"] as? [String: Any])
      try body(run, config)
    }
  }

  @Test(
    arguments: ["reverse", "shuffle", "conv1x1", "conv1x1LU"],
    [["additive"], ["affine", "--scale", "sigmoid"], ["affine", "--scale", "exponential"]])
  func permutationsAndCouplings(permutation: String, coupling: [String]) throws {
    try withRun(["--permutation", permutation, "--coupling"] + coupling + ["--steps", "2", "--levels", "2"]) {
      run, config in
      #expect(config["permutation"] as? String == permutation && config["coupling"] as? String == coupling[0])
      if coupling.count > 1 { #expect(config["scale"] as? String == coupling[2]) }
      let bits = try bitsPerDimension(run.path)
      #expect(bits > 0 && bits < 9)
      let text = try glow("reconstruct", "--model", run.path, "--limit", "4")
      #expect(text.contains(" 0 of 256 pixel values changed"), "\(text)")
    }
  }

  @Test func decayRatesOfTheOptimizer() throws {
    try withRun(["--beta1", "0.8", "--beta2", "0.95"]) { run, _ in
      let state = try run.appending(path: "checkpoints/images-32/training.json").json()
      let training = try #require(state["configuration"] as? [String: Any])
      #expect(training["beta1"] as? Double == 0.8 && training["beta2"] as? Double == 0.95)
    }
  }

  @Test(arguments: [true, false]) func learnedTop(isLearned: Bool) throws {
    try withRun([isLearned ? "--learn-top" : "--no-learn-top"]) { run, config in
      #expect(config["learnTop"] as? Bool == isLearned)
      let bits = try bitsPerDimension(run.path)
      #expect(bits.isFinite)
    }
  }

  /// n bits know 2^n values, and no more than n bits are needed for them; samples show the middles of their cells alone.
  @Test(arguments: 1...8) func bits(count: Int) throws {
    try withRun(["--bits", "\(count)", "--labels", "none"]) { run, config in
      #expect(config["bits"] as? Int == count)
      #expect(try bitsPerDimension(run.path) < Double(count) + 0.5)
      let out = run.appending(path: "samples")
      try glow("sample", "--model", run.path, "--count", "2", "--files", "--out", out.path)
      for name in out.names {
        let pixels = try PixelImage(contentsOf: out.appending(path: name)).pixels
        #expect(pixels.allSatisfy { Int($0) % (1 << (8 - count)) == (1 << (8 - count)) / 2 })
      }
    }
  }

  /// What is drawn of few bits is not the picture that was encoded, but the same to the model.
  @Test func picturesOfFewBitsLoseNothingMore() throws {
    try withRun(["--bits", "5", "--labels", "none"]) { run, _ in
      func path(_ name: String) -> String { run.appending(path: name).path }
      try glow("encode", "--model", run.path, "--limit", "3", "--out", path("a.safetensors"))
      try glow("decode", "--model", run.path, path("a.safetensors"), "--files", "--out", path("back"))
      let files = (0..<3).map { path("back/\($0).png") }
      let shown = try files.map { try PixelImage(contentsOf: URL(filePath: $0)).pixels }
      #expect(shown.joined().allSatisfy { $0 % 8 == 4 })
      let outcome = try GlowBinary.run(["encode", "--model", run.path, "--out", path("b.safetensors")] + files)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(
        try Data(contentsOf: URL(filePath: path("a.safetensors")))
          == Data(contentsOf: URL(filePath: path("b.safetensors"))))
      #expect(try glow("reconstruct", "--model", run.path, files[0]).contains("1 image: 0 of 64 pixel values changed"))
    }
  }

  private func raw(_ run: URL, images: Int = 32) throws -> Data {
    try Data(contentsOf: run.appending(path: "checkpoints/images-\(images)/training.safetensors"))
  }

  @Test func theInitializationsBatch() throws {
    func weights(_ count: String) throws -> Data {
      var data = Data()
      try withRun(["--init-images", count]) { run, _ in
        let state = try run.appending(path: "checkpoints/images-32/training.json").json()
        let configuration = try #require(state["configuration"] as? [String: Any])
        #expect(configuration["initializationImages"] as? Int == Int(count))
        data = try raw(run)
      }
      return data
    }
    #expect(try weights("8") != weights("40"))
    #expect(try weights("8") == weights("8"))
  }

  /// Two steps without a gradient to speak of, each of which takes a hundredth.
  @Test func weightDecay() throws {
    func norm(_ flags: [String]) throws -> Double {
      var sum = 0.0
      try withRun(flags + ["--average", "0", "--clip", "1e-30"]) { run, _ in
        let (header, data) = try tensors(raw(run))
        let range = try #require((header["values"] as? [String: Any])?["data_offsets"] as? [Int])
        data[range[0]..<range[1]].withUnsafeBytes { bytes in
          for offset in stride(from: 0, to: bytes.count, by: 4) {
            let value = Double(bytes.loadUnaligned(fromByteOffset: offset, as: Float.self))
            sum += value * value
          }
        }
      }
      return sum.squareRoot()
    }
    // --lr is 0.01.
    #expect(abs(try norm(["--weight-decay", "1"]) / norm([]) - 0.99 * 0.99) < 1e-5)
  }

  private func tensors(_ file: Data) throws -> ([String: Any], Data) {
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length)) as? [String: Any]
    return (try #require(header), Data(file.dropFirst(8 + length)))
  }

  /// A horizon of one batch leaves the last weights alone; a longer one does not.
  @Test func theAveragesHorizon() throws {
    for (horizon, isSame) in [("16", true), ("64", false)] {
      try withRun(["--average", horizon], images: 64) { run, _ in
        let (averaged, raw) = try (bitsPerDimension(run.path), bitsPerDimension(run.path, "--weights", "raw"))
        #expect((averaged == raw) == isSame)
      }
    }
  }

  @Test(arguments: [["--flip"], ["--shift", "0.2"]]) func augmentation(flags: [String]) throws {
    var plain = Data()
    try withRun([]) { run, _ in plain = try raw(run) }
    var changed = Data()
    try withRun(flags) { run, _ in changed = try raw(run) }
    #expect(changed != plain)
  }

  /// Three classes that differ in brightness: a classifier with some weight learns them.
  @Test func aClassifierLearnsItsLabels() throws {
    let flags = ["--labels", "prior", "--classifier", "--weight-y", "1", "--optimizer", "adam", "--average", "16"]
    try withRun(flags, images: 6400) { run, config in
      #expect(config["classifier"] as? Bool == true)
      let report = try decodeJSON(glow("eval", "--model", run.path, "--json", "--accuracy"))
      let evaluation = try #require(report["evaluation"] as? [String: Any])
      #expect(try #require(evaluation["accuracy"] as? Double) > 0.6)
      #expect(try glow("eval", "--model", run.path, "--accuracy").contains("% of the images are labeled right"))
    }
  }
}
