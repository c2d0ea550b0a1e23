import FlowModels
import Foundation
import Imaging
import Inference
import ServedModels
import Synchronization
import Testing

@testable import Studio

/// A server of several models.
@Suite(.serialized) struct SeveralModelsTests {
  private static let labels = ["a", "b", "c"]

  /// `first` has no labels and a data set; `second`, `b/third model` have labels and none.
  private func withServer(_ body: (RunningServer, ImageModel) async throws -> Void) async throws {
    let served = try ServedModel(labels: Self.labels)
    let second = try await ImageModel(served.folder.path)
    let third = try await ImageModel(served.folder.path, sharingThreadOf: second)
    let others = [StudioModel(second, named: "second"), StudioModel(third, named: "b/third model")]
    try await RunningServer.with(others: others) { try await body($0, second) }
  }

  @Test func allAreListed() async throws {
    try await withServer { server, _ in
      let models = try #require(try await server.send("GET", "/v1/models").json["models"] as? [[String: Any]])
      #expect(models.map { $0["name"] as? String } == ["first", "second", "b/third model"])
      #expect(models.map { ($0["labels"] as? [String])?.count } == [0, 3, 3])
      #expect(models.map { $0["data"] != nil } == [true, false, false])
      let areas = (models[0]["attributes"] as? [[String: Any]])?.first?["areasUnderROC"] as? [String: Double]
      #expect(areas?.keys.sorted() == ["discriminant", "mean", "regression"])
      #expect(models.map { ($0["directions"] as? [String])?.count } == [3, 0, 0])
      #expect(models[0]["attributesProblem"] == nil)
      let problem = try #require(models[1]["attributesProblem"] as? [String: Any])
      #expect(problem["kind"] as? String == "none" && problem["command"] is String)
    }
  }

  @Test func aRequestReachesTheModelThatItNames() async throws {
    try await withServer { server, second in
      let picture = try ColorImages().image(at: 4)
      let png = Data(try picture.encodePNG())
      let drawn = try await server.post("/v1/sample?model=second", ["count": 2, "seed": 5])
      #expect(drawn.json["labels"] as? [Int] == [0, 1])
      #expect(try await server.post("/v1/sample", ["count": 2]).json["labels"] == nil)
      #expect(try await server.post("/v1/sample?model=first", ["count": 2]).json["labels"] == nil)
      let latents = try await second.encode([picture])
      let encoded = try await server.send("POST", "/v1/encode?model=second", body: png, type: "image/png")
      #expect(Array(encoded.body) == latents)
      #expect(
        try await server.send("POST", "/v1/encode", body: png, type: "image/png").body
          == Data(server.model.encode([picture])))
      for (path, body) in [
        ("/v1/edit", ["images": [["data": png.base64EncodedString()]], "label": 2]),
        ("/v1/sample", ["labels": [2]]), ("/v1/decode", ["latents": encoded.body.base64EncodedString()]),
      ] as [(String, [String: Any])] {
        for name in ["second", "b%2Fthird%20model"] {
          #expect(try await server.post("\(path)?model=\(name)", body).status == 200, "\(path) \(name)")
        }
      }
      #expect(try await server.send("GET", "/v1/data?model=first&count=2").status == 200)
      server.expectProblem(try await server.send("GET", "/v1/data?model=second&count=2"), 404, "no data set")
      let text = try await server.send("GET", "/metrics").text
      #expect(text.contains("glow_images_waiting 0.0\n") && !text.contains("glow_model_images_total 0.0"))
    }
  }

  @Test func aNameThatIsNone() async throws {
    try await withServer { server, _ in
      for path in ["/v1/sample", "/v1/encode", "/v1/decode", "/v1/interpolate", "/v1/edit", "/v1/score"] {
        let none = try await server.post("\(path)?model=third", ["count": 1])
        server.expectProblem(none, 404, "no model \"third\"", "/v1/models")
        #expect(none.json["field"] as? String == "model")
        server.expectProblem(try await server.post("\(path)?model=", ["count": 1]), 404, "no model")
        let twice = try await server.post("\(path)?model=first&model=second", ["count": 1])
        server.expectProblem(twice, 400, "more than once")
        // Another model must not answer for a misspelt one.
        let misspelt = try await server.post("\(path)?modle=second", ["count": 1])
        server.expectProblem(misspelt, 400, "modle is no parameter")
      }
    }
  }

  @Test func eachHasADescriptionOfItsOwn() async throws {
    try await withServer { server, _ in
      func sampleParameter(_ query: String) async throws -> (parameter: [String: Any], text: String) {
        let answer = try await server.send("GET", "/openapi.json\(query)")
        let paths = try #require(answer.json["paths"] as? [String: [String: [String: Any]]])
        let parameters = try #require(paths["/v1/sample"]?["post"]?["parameters"] as? [[String: Any]])
        return (try #require(parameters.first), answer.text)
      }
      let first = try await sampleParameter("")
      #expect((first.parameter["schema"] as? [String: Any])?["enum"] as? [String] == ["first"])
      #expect(first.parameter["required"] == nil && !first.text.contains("\"labels\":{\"items\":{\"maximum\""))
      let second = try await sampleParameter("?model=second")
      #expect((second.parameter["schema"] as? [String: Any])?["enum"] as? [String] == ["second"])
      #expect(second.parameter["required"] as? Bool == true)
      #expect(second.text.contains("\"labels\":{\"items\":{\"maximum\":2"))
    }
  }

  /// Models that do not fit together come when they are asked for, and the one that was asked for longest ago goes.
  @Test func modelsOnDemand() async throws {
    let served = try (0..<3).map { _ in try ServedModel() }
    let configuration = try ModelFolder.readConfiguration(served[0].folder)
    let first = StudioModel(try await ImageModel(served[0].folder.path), named: "a", dataset: ColorImages())
    let loads = Mutex([String]())
    let sources = zip(["a", "b", "c"], served).map { name, served in
      StudioModelSource(
        ModelCard(name, configuration, bytes: 4 * configuration.parameterCount, bitsPerDimension: 3),
        scoringReference: { try? await $0.score(reference: ColorImages(), count: 8, called: "colors") },
        load: { neighbor in
          loads.withLock { $0.append(name) }
          return StudioModel(
            try await ImageModel(served.folder.path, attributes: served.attributes, sharingThreadOf: neighbor),
            named: name,
            dataset: ColorImages())
        })
    }
    let library = ModelLibrary(first, sources: sources, memory: 2 * sources[0].card.loadedBytes)
    #expect(library.names == ["a", "b", "c"] && loads.withLock { $0 }.isEmpty)
    #expect(library.all.map { $0.model != nil } == [true, false, false])
    // Two that ask at once get one model.
    async let one = library.model(named: "b")
    async let other = library.model(named: "b")
    let (b, again) = try await (one, other)
    #expect(b?.model === again?.model && loads.withLock { $0 } == ["b"])
    #expect(b?.description.attributes.isEmpty == false && library.all[2].card.description.attributes.isEmpty)
    try await wait { b?.model.state.reference != nil }
    _ = try await library.model(named: "c")
    #expect(library.all.map { $0.model != nil } == [true, false, true])
    // It comes back with its reference, which is not scored again.
    let back = try await library.model(named: "b")
    #expect(loads.withLock { $0 } == ["b", "c", "b"] && back?.model !== b?.model)
    try await wait { back?.model.state.reference != nil }
    #expect(back?.model.state.images == 0)
    #expect(try await library.model(named: "d") == nil)
    #expect(library.work.images >= 8)
    await library.rest()
  }

  @Test func aModelThatCannotBeLoaded() async throws {
    let served = try ServedModel()
    let first = StudioModel(try await ImageModel(served.folder.path), named: "a")
    let card = ModelCard("b", try ModelFolder.readConfiguration(served.folder), bytes: 10)
    let sources = [
      StudioModelSource(ModelCard("a", try ModelFolder.readConfiguration(served.folder), bytes: 10)) { _ in first },
      StudioModelSource(card) { _ in throw ModelError.file("b", reason: "it is damaged") },
    ]
    let library = ModelLibrary(first, sources: sources, memory: .max)
    for _ in 0..<2 { await #expect(throws: ModelError.self) { try await library.model(named: "b") } }
    #expect(library.all[1].model == nil)
    await library.rest()
  }

  @Test func theCardOfAModel() async throws {
    try await RunningServer.with { server in
      let answer = try await server.send("GET", "/v1/model")
      #expect(answer.json["name"] as? String == "first" && answer.json["isLoaded"] as? Bool == true)
      #expect((answer.json["card"] as? [String: Any])?["bytes"] as? Int ?? 0 > 0)
      let picture = try await server.send("GET", "/v1/model/picture")
      let samples = try await server.model.sample(count: 9)
      #expect(
        try PixelImage(decoding: Array(picture.body), name: "picture") == PixelImage.grid(samples.pictures, columns: 3))
    }
  }

  private func wait(for condition: () -> Bool) async throws {
    for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(condition())
  }
}
