import Files
import FlowModels
import Foundation
import Safetensors
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct ModelFolderTests {
  @Test(arguments: Variant.all, [DType.float32, .float64]) func roundTrip(variant: Variant, dtype: DType) throws {
    try withTemporaryFolder { folder in
      let model = try variant.model(dtype)
      try ModelFolder.write(model, to: folder)
      let read = try ModelFolder.read(folder, as: Glow.self, options: TensorOptions(dtype))
      #expect(read.configuration == variant.configuration)
      #expect(try ModelFolder.readConfiguration(folder) as? GlowConfiguration == variant.configuration)
      try expectEqual(read.parameters.values, model.parameters.values, "parameters")
      for (a, b) in zip(read.buffers, model.buffers) { try expectEqual(a.value, b.value, a.name) }
      let (x, labels) = (try variant.images(2, dtype), try variant.labels(2))
      try expectEqual(read.logProbability(x, labels: labels), model.logProbability(x, labels: labels), "density")
    }
  }

  @Test func otherValuesInAnotherType() throws {
    let model = try Variant.all[0].model(.float32)
    let average = try model.parameters.values * 0.5
    for (dtype, tolerance) in [(DType.float16, 1e-3), (.bfloat16, 1e-2), (.float64, 0)] {
      try withTemporaryFolder { folder in
        try ModelFolder.write(model, values: average, as: dtype, to: folder)
        let file = try SafetensorsFile(contentsOf: folder.appending(path: "model.safetensors"))
        #expect(try file.tensor("level1.step1.actnorm.bias").dtype == dtype)
        #expect(try file.tensor("level1.step1.permutation.permutation").dtype == .int64)
        try expectClose(
          ModelFolder.read(folder, as: Glow.self).parameters.values, average, within: tolerance, "\(dtype)")
      }
    }
  }

  /// What reading says after `change` to the model's JSON.
  private func message(changing text: String, to other: String) throws -> String {
    try withTemporaryFolder { folder in
      try ModelFolder.write(Variant.all[0].model(), to: folder)
      let url = folder.appending(path: "config.json")
      let json = try String(contentsOf: url, encoding: .utf8)
      #expect(json.contains(text))
      try json.replacing(text, with: other).write(to: url, atomically: true, encoding: .utf8)
      let error = try #require(throws: ModelError.self) { try ModelFolder.read(folder, as: Glow.self) }
      #expect(error.description.hasPrefix(url.path + ": "))
      return String(error.description.dropFirst(url.path.count + 2))
    }
  }

  /// Files of before it was written have no such field.
  @Test func itSaysWhatWroteItAndReadsWhatDoesNot() throws {
    try withTemporaryFolder { folder in
      try ModelFolder.write(Variant.all[0].model(), to: folder)
      let url = folder.appending(path: "config.json")
      let json = try String(contentsOf: url, encoding: .utf8)
      let line = "  \"writtenBy\" : \"swift-glow \(ProgramVersion.current)\"\n"
      #expect(json.contains(line))
      try json.replacing(",\n" + line, with: "\n").write(to: url, atomically: true, encoding: .utf8)
      #expect(try ModelFolder.read(folder, as: Glow.self).configuration == Variant.all[0].configuration)
    }
  }

  @Test func configurationErrors() throws {
    #expect(
      try message(changing: "\"swift-glow\"", to: "\"other\"") == "field format is \"other\", expected \"swift-glow\"")
    #expect(
      try message(changing: "\"version\" : 1", to: "\"version\" : 9")
        == "field version is 9, this program reads version 1; use the program that wrote it")
    #expect(
      try message(changing: "\"model\" : \"glow\"", to: "\"model\" : \"nice\"")
        == "field model is \"nice\", expected \"glow\" or \"realnvp\" or \"masked-glow\"")
    #expect(
      try message(changing: "\"model\" : \"glow\"", to: "\"model\" : \"realnvp\"") == "field realnvp is missing")
    #expect(try message(changing: "\"levels\" : 2", to: "\"levels\" : 0") == "glow.levels is 0, expected 1 to 16")
    #expect(try message(changing: "\"levels\"", to: "\"tiers\"") == "field glow.levels is missing")
    let wrongType = try message(changing: "\"steps\" : 2", to: "\"steps\" : \"two\"")
    #expect(wrongType.hasPrefix("field glow.steps has the wrong type"))
    #expect(try message(changing: "conv1x1LU", to: "conv2x2").hasPrefix("field glow.permutation is wrong"))
    #expect(try message(changing: "\"glow\" : {", to: "\"glow\" : [").hasPrefix("not valid JSON"))
  }

  /// A newer program's field could make it another model.
  @Test func unknownFields() throws {
    for (text, other, field) in [
      ("\"levels\" : 2", "\"levels\" : 2, \"shear\" : 1", "glow.shear"),
      ("\"version\" : 1", "\"version\" : 1, \"ema\" : false", "ema"),
      ("\"levels\" : 2", "\"levels\" : 2, \"a\\u0007\" : {}", "glow.a\\u{7}"),
    ] {
      let message = try message(changing: text, to: other)
      #expect(message.hasPrefix("field \(field) is unknown to this program"), "\(message)")
      #expect(message.hasSuffix("use the program that wrote it"), "\(message)")
    }
    // One that is said to be unset changes nothing.
    try withTemporaryFolder { folder in
      try ModelFolder.write(Variant.all[0].model(), to: folder)
      let url = folder.appending(path: "config.json")
      let json = try String(contentsOf: url, encoding: .utf8)
      try json.replacing("\"levels\" : 2", with: "\"levels\" : 2, \"deviationLimit\" : null, \"priors\" : null")
        .write(to: url, atomically: true, encoding: .utf8)
      #expect(try ModelFolder.readConfiguration(folder).levels == 2)
    }
  }

  @Test func unknownFieldsInParts() throws {
    try withTemporaryFolder { folder in
      var glow = GlowConfiguration(height: 8, width: 8, channels: 1, levels: 2, steps: 1, hidden: 4)
      try glow.condition(onAttributes: ["hat", "hair"])
      glow.attributeExclusions = [AttributeExclusion(attribute: "hat", absent: ["hair"])]
      let configuration = MaskedGlowConfiguration(pixelSteps: 1, pixelHidden: 2, before: glow)
      try ModelFolder.write(configuration.makeModel(options: TensorOptions(), seed: 1), to: folder)
      let url = folder.appending(path: "config.json")
      let json = try String(contentsOf: url, encoding: .utf8)
      let read = try #require(try ModelFolder.readConfiguration(folder) as? MaskedGlowConfiguration)
      #expect(read == configuration)
      for (text, field) in [
        ("\"attribute\" : \"hat\"", "masked-glow.glow.exclusions[0].shear"), ("\"bits\" : 8", "masked-glow.glow.shear"),
        ("\"pixelSteps\" : 1", "masked-glow.shear"),
      ] {
        #expect(json.contains(text))
        try json.replacing(text, with: text + ", \"shear\" : 0").write(to: url, atomically: true, encoding: .utf8)
        let error = try #require(throws: ModelError.self) { try ModelFolder.readConfiguration(folder) }
        #expect("\(error)".contains("field \(field) is unknown"), "\(error)")
      }
    }
  }

  /// Those that older programs wrote.
  @Test func shippedModelsStayReadable() throws {
    let models = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Models")
    let names = try FileManager.default.contentsOfDirectory(atPath: models.path).sorted()
    #expect(names.count >= 3)
    for name in names { _ = try ModelFolder.readConfiguration(models.appending(path: name)) }
  }

  /// Tensors that do not fit the configuration beside them.
  @Test func weightErrors() throws {
    try withTemporaryFolder { folder in
      let (small, large) = (Variant("small"), Variant("large") { $0.hidden = 7 })
      let url = folder.appending(path: "model.safetensors")
      func message(weights: Variant, configuration: Variant) throws -> String {
        try ModelFolder.write(configuration.model(), to: folder)
        let json = try Data(contentsOf: folder.appending(path: "config.json"))
        try ModelFolder.write(weights.model(), to: folder)
        try json.write(to: folder.appending(path: "config.json"))
        return "\(try #require(throws: (any Error).self) { try ModelFolder.read(folder, as: Glow.self) })"
      }
      #expect(
        try message(weights: large, configuration: small)
          == "\(url.path): tensor level1.step1.coupling.conditioner.conv1.weight has shape [3, 3, 6, 7], the "
          + "configuration beside it asks for [3, 3, 6, 6]")
      let longer = Variant("longer", steps: 3)
      #expect(try message(weights: small, configuration: longer).contains("level1.step3.actnorm.bias"))
      let stranger = try message(weights: longer, configuration: small)
      #expect(stranger.hasPrefix("\(url.path): tensor level1.step3."), "\(stranger)")
      #expect(stranger.hasSuffix("belongs to no layer of the configuration beside it"))
    }
  }

  /// A configuration of a few bytes asks for 17 GB a step.
  @Test func moreParametersThanTheWeightsHold() throws {
    for wide in [#""hidden" : 65536"#, #""hidden" : 20000"#] {
      try withTemporaryFolder { folder in
        try ModelFolder.write(Variant.all[0].model(), to: folder)
        let url = folder.appending(path: "config.json")
        let json = try String(contentsOf: url, encoding: .utf8)
        try json.replacing(#""hidden" : 6"#, with: wide).write(to: url, atomically: true, encoding: .utf8)
        let error = try #require(throws: ModelError.self) { try ModelFolder.read(folder, as: Glow.self) }
        #expect(error.description.contains("model.safetensors: holds "), "\(error)")
        #expect(error.description.contains("too few for the"), "\(error)")
      }
    }
  }

  @Test func missingFiles() throws {
    try withTemporaryFolder { folder in
      let error = try #require(throws: ModelError.self) { try ModelFolder.read(folder, as: Glow.self) }
      #expect("\(error)".hasPrefix("\(folder.path)/config.json: cannot be read: "))
      try ModelFolder.write(Variant.all[0].model(), to: folder)
      try FileManager.default.removeItem(at: folder.appending(path: "model.safetensors"))
      #expect(throws: SafetensorsError.self) { try ModelFolder.read(folder, as: Glow.self) }
    }
  }
}

@Suite(.serialized) struct LatentFileTests {
  @Test(arguments: Variant.all) func roundTrip(variant: Variant) throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "latents.safetensors")
      let model = try variant.model()
      let latents = try model.noise(count: 3, using: Generator(seed: 1))
      try LatentFile(latents: latents, labels: variant.labels(3)).write(to: url)
      let read = try LatentFile(contentsOf: url, for: model)
      try expectEqual(read.latents.flattened(), latents.flattened(), "latents")
      #expect(try read.labels?.elements(Int.self) == variant.labels(3)?.elements(Int.self))
    }
  }

  @Test func latentsOfAnotherModel() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "latents.safetensors")
      let (model, labeled) = (try Variant.all[0].model(), try Variant.all[1].model())
      func message(_ latents: Latents, labels: [Int]? = nil, for model: Glow) throws -> String {
        try LatentFile(latents: latents, labels: labels.map { try Tensor($0) }).write(to: url)
        return "\(try #require(throws: (any Error).self) { try LatentFile(contentsOf: url, for: model) })"
      }
      let latents = try model.noise(count: 2, using: Generator(seed: 1))
      let uneven = Latents(levels: [latents.levels[0], try latents.levels[1].narrowed(0, 0..<1)])
      #expect(
        try message(uneven, for: model)
          == "\(url.path): tensor level2 has shape [1, 2, 2, 24], the model expects [2] + [2, 2, 24]")
      let other = try Variant.all[2].model().noise(count: 2, using: Generator(seed: 1))
      #expect(
        try message(other, for: model)
          == "\(url.path): tensor level1 has shape [2, 4, 6, 6], the model expects [count] + [4, 4, 6]")
      #expect(try message(Latents(levels: [latents.levels[0]]), for: model).contains("level2"))
      #expect(try message(latents, for: labeled).contains("labels"))
      for labels in [[0], [0, 3], [-1, 0]] {
        #expect(
          try message(latents, labels: labels, for: labeled)
            == "\(url.path): tensor labels must hold one number below 3 for each of the 2 images")
      }
    }
  }
}

/// Which model latents are of.
@Suite(.serialized) struct LatentModelTests {
  /// A model and what is exported of it know each other's latents, also in half precision; others refuse them.
  @Test func latentsKnowTheirModel() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "latents.safetensors")
      let model = try Variant.all[0].model(.float32)
      let latents = try model.noise(count: 2, using: Generator(seed: 1))
      try LatentFile(latents: latents, labels: nil, model: model.roundedFingerprint()).write(to: url)
      for dtype in [DType.float32, .float16] {
        let export = folder.appending(path: "\(dtype)")
        try FileManager.default.createDirectory(at: export, withIntermediateDirectories: true)
        try ModelFolder.write(model, as: dtype, to: export)
        let read = try ModelFolder.read(export)
        #expect(try LatentFile(contentsOf: url, for: read).model == model.roundedFingerprint())
      }
      try model.parameters.values.assign(model.parameters.values * 1.01)
      let own = try model.roundedFingerprint()
      let sentence = "holds latents of another model"
      let error = try #require(throws: ModelError.self) { try LatentFile(contentsOf: url, for: model) }
      #expect(error.description.contains(sentence) && error.description.contains(own), "\(error)")
      let bytes = try [UInt8](Data(contentsOf: url))
      #expect(throws: ModelError.self) { try LatentFile(bytes: bytes, for: model, fingerprint: own) }
      // A file of an older program does not say.
      try LatentFile(latents: latents, labels: nil).write(to: url)
      #expect(try LatentFile(contentsOf: url, for: model).model == nil)
    }
  }

  @Test func tensorsThatAreNoLatents() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "latents.safetensors")
      let model = try Variant.all[0].model(.float32)
      let latents = try model.noise(count: 2, using: Generator(seed: 1))
      for (labels, more, name) in [([0, 1], 0, "labels"), (nil, 1, "level3")] as [([Int]?, Int, String)] {
        let levels = latents.levels + latents.levels.prefix(more)
        try LatentFile(latents: Latents(levels: levels), labels: labels.map { try Tensor($0) }).write(to: url)
        let error = try #require(throws: ModelError.self) { try LatentFile(contentsOf: url, for: model) }
        #expect(error.description == "\(url.path): holds a tensor \(name), expected level1, level2 of this model")
      }
    }
  }
}

@Suite(.serialized) struct ModelLocationTests {
  @Test func modelsAndRuns() throws {
    try withTemporaryFolder { folder in
      let model = try Variant.all[0].model()
      let checkpoints = folder.appending(path: "checkpoints")
      for name in ["images-900", "images-10000", "images-20", "images-x", "other"] {
        let checkpoint = checkpoints.appending(path: name)
        try FileManager.default.createDirectory(at: checkpoint, withIntermediateDirectories: true)
        try ModelFolder.write(model, to: checkpoint)
      }
      // Being written: its config.json is not there yet.
      try FileManager.default.createDirectory(
        at: checkpoints.appending(path: "images-20000"), withIntermediateDirectories: true)
      let found = ModelLocation.checkpoints(of: folder).map(\.lastPathComponent)
      #expect(found == ["images-20", "images-900", "images-10000"])
      #expect(try ModelLocation.resolve(folder.path).lastPathComponent == "images-10000")
      let one = checkpoints.appending(path: "images-900").path
      #expect(try ModelLocation.resolve(one).path == one)

      let empty = checkpoints.appending(path: "images-20000").path
      let error = try #require(throws: ModelError.self) { try ModelLocation.resolve(empty) }
      #expect("\(error)" == "\(empty): holds no model: expected config.json, or a run's checkpoints folder")
      let missing = try #require(throws: ModelError.self) { try ModelLocation.resolve(folder.path + "/nothing") }
      #expect("\(missing)".hasPrefix("\(folder.path)/nothing: no such model: give a run folder, a model folder"))
    }
  }
}
