import Foundation
import Testing

/// `glow import` and `glow export --layout`, with weights that normflows saved.
@Suite struct ImportTests {
  private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "FlowModelsTests/Fixtures")

  private func weights(_ name: String) -> String { fixtures.appending(path: "normflows-\(name).safetensors").path }

  @Test func thereAndBack() throws {
    try withTemporaryFolder { folder in
      let (model, back) = (folder.appending(path: "model"), folder.appending(path: "back.safetensors"))
      let said = try glow(
        "import", weights("labels"), "--layout", "normflows", "--size", "8x16", "--bits", "5", "--class-names",
        "cat,dog,eel", "--out", model.path)
      #expect(said.hasPrefix("Glow L=3 K=2 hidden=4, affine, conv1x1, 8x16x1, ") && said.hasSuffix(": \(model.path)\n"))
      let config = try #require(model.appending(path: "config.json").json()["glow"] as? [String: Any])
      #expect(config["classNames"] as? [String] == ["cat", "dog", "eel"] && config["bits"] as? Int == 5)
      try glow("sample", "--model", model.path, "--count", "3", "--label", "eel", "--out", folder.path + "/s.png")
      let exported = try glow("export", "--model", model.path, "--layout", "normflows", "--out", back.path)
      #expect(exported.hasSuffix("parameters in float32: \(back.path)\n"))
      #expect(try shapes(back) == shapes(URL(filePath: weights("labels"))))
    }
  }

  /// The tensors of a safetensors file with their shapes.
  private func shapes(_ url: URL) throws -> [String: [Int]] {
    let file = try Data(contentsOf: url)
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length)) as? [String: [String: Any]]
    return try #require(header).filter { $0.key != "__metadata__" }.mapValues { $0["shape"] as? [Int] ?? [] }
  }

  @Test func refusals() throws {
    try withTemporaryFolder { folder in
      let out = folder.appending(path: "model").path
      func refuse(_ arguments: [String], _ words: String...) throws {
        try expectRefusal(["import"] + arguments + ["--out", out], saying: words, leaving: folder)
      }
      let glowbase = weights("glowbase")
      try refuse([glowbase, "--layout", "normflows"], glowbase, "--size")
      try refuse([glowbase, "--layout", "keras"], "no layout \"keras\"", "normflows")
      try refuse([glowbase, "--layout", folder.path + "/none.json"], "none.json", "cannot be read")
      try refuse([glowbase, "--layout", "normflows", "--size", "8", "--option", "coupling"], "--option coupling")
      try refuse(
        [glowbase, "--layout", "normflows", "--size", "8", "--option", "coupling=tanh"], "no coupling \"tanh\"")
      try refuse([glowbase, "--layout", "normflows", "--size", "8", "--bits", "9"], "bits is 9")
      try refuse([folder.path + "/none.safetensors", "--layout", "normflows"], "none.safetensors", "cannot be opened")
      let damaged = try folder.write(Data(contentsOf: URL(filePath: glowbase)).prefix(5000), to: "damaged.safetensors")
      try refuse([damaged.path, "--layout", "normflows", "--size", "8"], damaged.path)
      try refuse([fixtures.appending(path: "glow-reference.safetensors").path, "--layout", "normflows"], "q0.0.loc")
    }
  }

  @Test func aModelThatNormflowsCannotHold() throws {
    try withTemporaryFolder { folder in
      let out = folder.appending(path: "out.safetensors").path
      let run = try TrainedRun.labeled().run.path
      try expectRefusal(
        ["export", "--model", run, "--layout", "normflows", "--out", out],
        saying: ["edgeChannel is true", "layout normflows needs false"], leaving: folder)
      try expectRefusal(
        ["export", "--model", run, "--option", "coupling=exp", "--out", out], saying: ["--option", "--layout"],
        leaving: folder)
    }
  }
}
