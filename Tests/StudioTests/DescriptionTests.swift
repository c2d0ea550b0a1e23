import Foundation
import Inference
import ServedModels
import Testing

@testable import Studio

/// What `/openapi.json` says, held against the server.
@Suite(.serialized) struct DescriptionTests {
  private func paths(_ server: RunningServer) async throws -> [String: [String: Any]] {
    try #require(try await server.send("GET", "/openapi.json").json["paths"] as? [String: [String: Any]])
  }

  @Test func itNamesEveryRouteAndNoOther() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path)
    let studio = Studio(ModelLibrary([StudioModel(model)]), options: StudioOptions(), runs: nil)
    let page = try PageFiles()
    let routes = studio.router(page).routes
      .filter { $0.method != .head && !page.files.keys.contains("\($0.path)") }
      .map { "\($0.method) \($0.path)" }
    try await RunningServer.with { server in
      let described = try await paths(server).flatMap { path, operations in
        operations.keys.map { "\($0.uppercased()) \(path)" }
      }
      #expect(described.sorted() == routes.sorted())
      #expect(described.count == 20)
    }
  }

  @Test func eachAddressTakesTheMethodsThatAreDescribed() async throws {
    try await RunningServer.with { server in
      for (path, operations) in try await paths(server) {
        let address = path.replacing("{id}", with: "none")
        for method in ["GET", "POST"] {
          let status = try await server.send(method, address).status
          #expect((status != 405) == (operations[method.lowercased()] != nil), "\(method) \(path): \(status)")
        }
      }
    }
  }

  @Test func aTokenIsNeededWhereTheDescriptionSaysSo() async throws {
    try await RunningServer.with({ $0.token = "correct-horse-battery" }) { server in
      let right = ["Authorization": "Bearer correct-horse-battery"]
      let document = try await server.send("GET", "/openapi.json", headers: right).json
      for (path, operations) in try #require(document["paths"] as? [String: [String: [String: Any]]]) {
        for (method, operation) in operations {
          let isOpen = (operation["security"] as? [Any])?.isEmpty == true
          let status = try await server.send(method.uppercased(), path.replacing("{id}", with: "none")).status
          #expect((status != 401) == isOpen, "\(method) \(path): \(status)")
        }
      }
    }
  }

  @Test func everySchemaThatIsReferredToIsThere() async throws {
    try await RunningServer.with(labels: EndpointTests.labels) { server in
      let document = try await server.send("GET", "/openapi.json")
      let components = try #require(document.json["components"] as? [String: Any])
      let schemas = try #require(components["schemas"] as? [String: Any])
      let named = Set(document.text.matches(of: /#\/components\/schemas\/(\w+)/).map { String($0.1) })
      #expect(named == Set(schemas.keys))
      #expect(
        named == [
          "Archive", "Attribute", "AttributesProblem", "DataPage", "Film", "FlowFrame", "Histogram", "Image",
          "ImageSizes",
          "Input", "Latents", "LevelBits", "Likelihood", "Model", "ModelCard", "Models", "Pictures", "Problem",
          "Reference",
          "RunEvent", "Runs", "Sample", "SampleEvent", "SampleOrigin", "Samples", "Score", "Scores", "Steps",
          "Variations",
        ])
    }
  }

  /// Programs are written against these names.
  @Test func operationsHaveNamesThatStay() async throws {
    try await RunningServer.with { server in
      let names = try await paths(server).flatMap { path, operations in
        operations.values.map { "\(($0 as? [String: Any])?["operationId"] ?? "none") \(path)" }
      }
      #expect(
        names.sorted() == [
          "compress /v1/compress", "decode /v1/decode", "edit /v1/edit", "encode /v1/encode",
          "getDescription /openapi.json",
          "getHealth /healthz", "getMetrics /metrics", "getModel /v1/model", "getModelPicture /v1/model/picture",
          "getReference /v1/reference", "getRunFilm /v1/runs/{id}/film", "getRunMetrics /v1/runs/{id}/metrics",
          "getRunSamples /v1/runs/{id}/samples", "getSteps /v1/steps", "interpolate /v1/interpolate",
          "listImages /v1/data",
          "listModels /v1/models", "listRuns /v1/runs", "sample /v1/sample", "score /v1/score",
        ])
    }
  }

  @Test func everyBodyAndAnswerHasASchema() async throws {
    try await RunningServer.with { server in
      for (path, operations) in try await paths(server) {
        for operation in operations.values {
          let operation = try #require(operation as? [String: Any])
          let answers = try #require(operation["responses"] as? [String: [String: Any]]).values
          let bodies = [operation["requestBody"] as? [String: Any]].compactMap(\.self)
          for content in (answers + bodies).map({ $0["content"] as? [String: [String: Any]] ?? [:] }) {
            #expect(!content.isEmpty, "\(path)")
            for (type, media) in content {
              let schema = media["schema"] as? [String: Any] ?? [:]
              #expect(!schema.isEmpty, "\(path) \(type)")
              if type.hasPrefix("image/") || type == "application/octet-stream" {
                #expect(schema["type"] as? String == "string" && schema["format"] as? String == "binary")
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: [([], []), (EndpointTests.labels, []), ([], ["bright"])] as [([String], [String])])
  func examplesAreTaken(labels: [String], told: [String]) async throws {
    try await RunningServer.with(labels: labels, told: told, dataset: nil) { server in
      var count = 0
      for (path, operations) in try await paths(server) {
        let body = (operations["post"] as? [String: Any])?["requestBody"] as? [String: Any]
        guard let media = (body?["content"] as? [String: [String: Any]])?["application/json"] else { continue }
        let answer = try await server.post(path, #require(media["example"]), headers: ["Accept": "application/json"])
        #expect(answer.status == 200, "\(path): \(answer.text)")
        count += 1
      }
      #expect(count == 8)
    }
  }

  @Test func schemasCarryWhatTheyReferTo() {
    let inner = Schema.object(["a": .whole, "b": nil], required: ["a"]).called("Inner")
    let outer = Schema.any(of: [.list(of: inner, count: 1...2), .text]).described(as: "either").called("Outer")
    #expect(outer.json == ["$ref": "#/components/schemas/Outer"])
    #expect(outer.named.keys.sorted() == ["Inner", "Outer"])
    #expect(
      outer.named["Inner"] == [
        "type": "object", "properties": ["a": ["type": "integer"]], "required": ["a"], "additionalProperties": false,
      ])
    #expect(
      outer.named["Outer"] == [
        "description": "either",
        "anyOf": [
          [
            "type": "array", "items": ["$ref": "#/components/schemas/Inner"], "minItems": 1, "maxItems": 2,
          ], ["type": "string"],
        ],
      ])
  }
}
