import Foundation
import Imaging
import Inference
import ServedModels
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
}
