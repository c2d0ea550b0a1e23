import Codec
import FlowModels
import Foundation
import Imaging
import Inference
import ServedModels
import Testing

@testable import Studio

/// Every route, asked as its description says.
@Suite(.serialized) struct EndpointTests {
  static let labels = ["a", "b", "c"]

  private func pictures(_ answer: RunningServer.Answer, _ field: String = "images") throws -> [PixelImage] {
    let images = try #require(answer.json[field] as? [String], "\(answer.text)")
    return try images.map { try PixelImage(decoding: Array(#require(Data(base64Encoded: $0))), name: "answer") }
  }

  @Test func theModelDescribesItself() async throws {
    try await RunningServer.with(labels: Self.labels, dataset: ColorImages(classNames: Self.labels)) { server in
      let answer = try await server.send("GET", "/v1/models")
      #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
      let model = try #require((answer.json["models"] as? [[String: Any]])?.first)
      #expect(model["labels"] as? [String] == Self.labels && model["width"] as? Int == 8)
      #expect(model["latentShapes"] as? [[Int]] == [[4, 4, 6], [2, 2, 24]])
      #expect((model["attributes"] as? [[String: Any]])?.first?["name"] as? String == "bright")
      #expect((model["data"] as? [String: Any])?["count"] as? Int == 24)
      #expect(model["reference"] == nil)
    }
  }

  @Test func samples() async throws {
    try await RunningServer.with(labels: Self.labels) { server in
      let answer = try await server.post(
        "/v1/sample", ["count": 3, "temperature": [0.5, 0.9], "labels": [1], "seed": 7])
      let direct = try await server.model.sample(count: 3, temperatures: [0.5, 0.9], labels: [1], seed: 7)
      #expect(try pictures(answer) == direct)
      #expect(answer.json["labels"] as? [Int] == [1, 1, 1])
      // As many as labels, where it is not said.
      let each = try await server.post("/v1/sample", ["labels": [2, 0]])
      #expect(try pictures(each).count == 2 && each.json["labels"] as? [Int] == [2, 0])
      let like = ["sample": ["index": 2, "seed": 7, "temperature": [0.5, 0.9], "label": 1]]
      let same = try await server.post("/v1/sample", ["like": like, "levels": [Int]()])
      #expect(try pictures(same) == [direct[2]])
      // Without a label it is the picture's own, of the labels in turn.
      let turn = try await pictures(server.post("/v1/sample", ["count": 3, "seed": 7]))
      let third = try await server.post(
        "/v1/sample", ["like": ["sample": ["index": 2, "seed": 7]], "levels": [Int]()])
      #expect(try pictures(third) == [turn[2]])
      let variations = try await server.post("/v1/sample", ["like": ["image": ["index": 3, "label": 0]], "count": 2])
      let origin = ImageModel.Origin.picture(try ColorImages().image(at: 3), label: 0)
      #expect(try await pictures(variations) == server.model.variations(of: origin, redrawing: [1], count: 2))
    }
  }

  /// A picture of noise never comes without a word, in whatever form the answer is.
  @Test func whatLeavesTheRangeOfPicturesIsSaid() async throws {
    try await RunningServer.with { server in
      let wild: [String: Any] = ["count": 2, "temperature": 100]
      let answer = try await server.post("/v1/sample", wild)
      #expect(answer.json["strayed"] as? [Int] == [0, 1])
      #expect(try await server.model.sample(count: 2, temperatures: [100]).strayed == [0, 1])
      let one = try await server.post("/v1/sample", wild, headers: ["Accept": "image/png"])
      #expect(one.headers["glow-strayed"] == "0, 1")
      let same = try await server.post("/v1/edit", ["images": [["index": 0]]])
      #expect(same.json["strayed"] == nil && same.status == 200)
    }
  }

  @Test func samplesAsOnePicture() async throws {
    try await RunningServer.with { server in
      let answer = try await server.post("/v1/sample", ["count": 3], headers: ["Accept": "image/png"])
      #expect(answer.headers["content-type"] == "image/png")
      let grid = try PixelImage(decoding: Array(answer.body), name: "answer")
      #expect(try await grid == PixelImage.grid(server.model.sample(count: 3).pictures, columns: 8))
    }
  }

  @Test func latentsThereAndBack() async throws {
    try await RunningServer.with { server in
      let picture = try ColorImages().image(at: 4)
      let encoded = try await server.send("POST", "/v1/encode", body: Data(picture.encodePNG()), type: "image/png")
      #expect(encoded.headers["content-type"] == "application/octet-stream")
      #expect(try await Array(encoded.body) == server.model.encode([picture]))
      let decoded = try await server.send(
        "POST", "/v1/decode", body: encoded.body, type: "application/octet-stream")
      #expect(try pictures(decoded) == [picture])
      let inJSON = try await server.post(
        "/v1/encode", ["images": [["index": 4]]], headers: ["Accept": "application/json"])
      #expect(inJSON.json["latents"] as? String == encoded.body.base64EncodedString())
      #expect(try pictures(await server.post("/v1/decode", ["latents": inJSON.json["latents"]!])) == [picture])
    }
  }

  @Test func aPictureThatWasSentIsKept() async throws {
    try await RunningServer.with { server in
      let picture = try Data(ColorImages().image(at: 4).encodePNG())
      let sent = try await server.post("/v1/edit", ["images": [["data": picture.base64EncodedString()]]])
      let inputs = try #require(sent.json["inputs"] as? [[String: Any]])
      let kept = try #require(inputs[0]["kept"] as? String)
      let again = try await server.post("/v1/edit", ["images": [["kept": kept]]])
      #expect(try pictures(again) == pictures(sent))
      #expect((again.json["inputs"] as? [[String: Any]])?[0]["kept"] as? String == kept)
      let chosen = try await server.post("/v1/edit", ["images": [["index": 4]]])
      #expect((chosen.json["inputs"] as? [[String: Any]])?[0]["kept"] == nil)
      let unknown = try await server.post("/v1/edit", ["images": [["index": 4], ["kept": "none"]]])
      #expect(unknown.status == 422 && unknown.json["field"] as? String == "images[1].kept")
    }
  }

  @Test func pathsAndMixes() async throws {
    try await RunningServer.with { server in
      let ends = try [1, 2].map { try ColorImages().image(at: $0) }
      let path = try await server.post("/v1/interpolate", ["images": [["index": 1], ["index": 2]], "steps": 3])
      #expect(try await pictures(path) == server.model.interpolate(ends, steps: 3))
      let body: [String: Any] = [
        "images": [["index": 1], ["index": 2]], "weights": [[1, 0], [1, 3]], "path": "straight",
      ]
      let mix = try await server.post("/v1/interpolate", body)
      #expect(try await pictures(mix) == server.model.mix(ends, weights: [[1, 0], [1, 3]], along: .straight))
    }
  }

  @Test func editsInSeveralWaysWithTheirScores() async throws {
    try await RunningServer.with { server in
      let ways = [["bright": -0.5], ["bright": 0.5]]
      let body: [String: Any] = ["images": [["index": 1], ["index": 2]], "edits": ways, "score": true]
      let answer = try await server.post("/v1/edit", body)
      let some = [try ColorImages().image(at: 1), try ColorImages().image(at: 2)]
      let direct = try await server.model.edit(some, byEach: ways)
      #expect(try pictures(answer) == direct.pictures)
      let scores = try #require(answer.json["scores"] as? [[String: Any]])
      let expected = try await server.model.score(direct.pictures).map(\.score.bitsPerDimension)
      #expect(scores.map { $0["bitsPerDimension"] as? Double } == expected)
      #expect((answer.json["inputScores"] as? [Any])?.count == 2)
      let blend: [String: Any] = [
        "images": [["index": 1], ["index": 2]], "weights": [[1, 1]], "edits": ways[1], "path": "straight",
      ]
      #expect(
        try await pictures(server.post("/v1/interpolate", blend))
          == server.model.mix(some, weights: [[1, 1]], along: .straight, changing: .init(by: ways[1])).pictures)
      let many =
        ["images": [["index": 1], ["index": 2]], "edits": Array(repeating: ways[0], count: 33)] as [String: Any]
      server.expectProblem(try await server.post("/v1/edit", many), 422, "edits makes 66 images", "at most 64")
      let wrong: [String: Any] = ["images": [["index": 1]], "edits": [["bright": 1], ["dark": 1]]]
      server.expectProblem(try await server.post("/v1/edit", wrong), 400, "edits[1].dark is no attribute")
      server.expectProblem(
        try await server.post("/v1/edit", ["images": [["index": 1]], "score": 1]), 400,
        "score is 1, expected true or false")
    }
  }

  @Test func whereTheBitsAre() async throws {
    try await RunningServer.with { server in
      let answer = try await server.post("/v1/score", ["images": [["index": 3]], "map": true])
      let score = try #require((answer.json["scores"] as? [[String: Any]])?.first)
      let map = try #require(score["map"] as? [[String: Any]])
      let sum = map.reduce(0) { $0 + ($1["bits"] as! [Double]).reduce(0, +) }
      #expect(try abs(sum / 192 - #require(score["bitsPerDimension"] as? Double)) < 1e-4)
      let plain = try await server.post("/v1/score", ["images": [["index": 3]]])
      #expect((plain.json["scores"] as? [[String: Any]])?.first?["map"] == nil)
    }
  }

  @Test func theWayThroughTheFlow() async throws {
    try await RunningServer.with { server in
      let answer = try await server.post("/v1/steps", ["images": [["index": 3]], "frames": 3])
      #expect(answer.json["differing"] as? Int == 0, "\(answer.text)")
      let forward = try #require(answer.json["forward"] as? [[String: Any]])
      #expect(forward.map { $0["level"] as? Int } == [0, 1, 2] && forward[0]["error"] == nil)
      let back = try #require(answer.json["back"] as? [[String: Any]])
      #expect(
        back.map { $0["level"] as? Int } == [2, 1, 0] && back.allSatisfy { ($0["error"] as? Double ?? 1) < 1e-3 })
      let image = try #require(Data(base64Encoded: answer.json["image"] as? String ?? ""))
      #expect(try PixelImage(decoding: Array(image), name: "answer") == ColorImages().image(at: 3))
      server.expectProblem(
        try await server.post("/v1/steps", ["images": [["index": 3], ["index": 4]]]), 400, "images holds 2, expected 1")
      server.expectProblem(
        try await server.post("/v1/steps", ["images": [["index": 3]], "frames": 2]), 400, "from 3 to 64")
    }
  }

  @Test func samplesAsEvents() async throws {
    try await RunningServer.with(labels: Self.labels) { server in
      let answer = try await server.post(
        "/v1/sample", ["count": 5, "seed": 9], headers: ["Accept": "text/event-stream"])
      #expect(answer.status == 200 && answer.headers["content-type"] == "text/event-stream")
      let events = ServerSentEvent.all(in: answer.text)
      #expect(events.last?.name == "end")
      let parts = events.filter { $0.name == "images" }.map(\.data)
      let images = try parts.flatMap { try #require($0["images"] as? [String]) }
        .map { try PixelImage(decoding: Array(#require(Data(base64Encoded: $0))), name: "event") }
      #expect(try await images == server.model.sample(count: 5, seed: 9).pictures)
      #expect(parts.flatMap { $0["labels"] as? [Int] ?? [] } == [0, 1, 2, 0, 1])
      #expect(parts.allSatisfy { $0["total"] as? Int == 5 && ($0["secondsLeft"] as? Double ?? -1) >= 0 })
      let like: [String: Any] = ["like": ["sample": ["index": 0]]]
      server.expectProblem(
        try await server.post("/v1/sample", like, headers: ["Accept": "text/event-stream"]), 406, "variations")
      let wrong = try await server.post("/v1/sample", ["count": 0], headers: ["Accept": "text/event-stream"])
      #expect(wrong.status == 400)
    }
  }

  /// A client that goes away frees the model.
  @Test func aStreamThatNobodyReads() async throws {
    try await RunningServer.with({ $0.countLimit = 4096 }) { server in
      let body = "{\"count\": 4096}"
      let connection = try RawConnection(port: server.port)
      connection.write(
        "POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
      _ = connection.read(until: "event: images")
      #expect(server.model.state.imagesUnderWay > 0)
      connection.disconnect()
      try await server.wait { server.model.state.imagesUnderWay == 0 }
      #expect(server.model.state.images < 4096)
    }
  }

  @Test func howTheReferenceIsSpread() async throws {
    try await RunningServer.with { server in
      server.expectProblem(try await server.send("GET", "/v1/reference"), 404, "no scores yet")
      try await server.model.score(reference: ColorImages(), count: 24, called: "colors")
      let answer = try await server.send("GET", "/v1/reference")
      #expect(answer.json["name"] as? String == "colors" && answer.json["count"] as? Int == 24)
      for field in ["bitsPerDimension", "corrected"] {
        let histogram = try #require(answer.json[field] as? [String: Any])
        let (edges, counts) = (histogram["edges"] as! [Double], histogram["counts"] as! [Int])
        #expect(edges.count == counts.count + 1 && edges == edges.sorted() && counts.reduce(0, +) == 24)
      }
    }
  }

  @Test func editsShowWhatTheModelSaw() async throws {
    try await RunningServer.with { server in
      let large = PixelImage(width: 20, height: 10, channels: 3, pixels: (0..<600).map { UInt8($0 % 250) })
      let data = try large.png().base64EncodedString()
      let answer = try await server.post("/v1/edit", ["images": [["data": data]], "edits": ["bright": 0.5]])
      #expect(try await pictures(answer) == server.model.edit([large], by: ["bright": 0.5]))
      let input = try #require((answer.json["inputs"] as? [[String: Any]])?.first)
      #expect(input["width"] as? Int == 20 && input["height"] as? Int == 10 && input["isFitted"] as? Bool == true)
      let seen = try PixelImage(
        decoding: Array(#require(Data(base64Encoded: input["image"] as? String ?? ""))), name: "input")
      #expect(seen == large.fitted(width: 8, height: 8))
    }
  }

  @Test func imagesOfTheDataSetHaveTheirLabels() async throws {
    try await RunningServer.with(labels: Self.labels, dataset: ColorImages(classNames: Self.labels)) { server in
      let some = try [4, 5].map { try ColorImages().image(at: $0) }
      let answer = try await server.post("/v1/edit", ["images": [["index": 4], ["index": 5]], "label": 0])
      #expect(try await pictures(answer) == server.model.edit(some, by: [:], labels: [1, 2], as: 0))
      let chosen = try await server.post("/v1/edit", ["images": [["index": 4, "label": 2]], "label": 0])
      #expect(try await pictures(chosen) == server.model.edit([some[0]], by: [:], labels: [2], as: 0))
    }
  }

  /// The data set's `bright` is what the model is told of its images; of a picture that is sent it is what is most likely.
  @Test func attributesThatTheModelIsTold() async throws {
    try await RunningServer.with(told: ["bright", "round"]) { server in
      let models = try await server.send("GET", "/v1/models").json["models"] as? [[String: Any]]
      #expect(models?.first?["conditions"] as? [String] == ["bright", "round"])
      let drawn = try await server.post("/v1/sample", ["count": 2, "seed": 3, "conditions": ["bright": -1]])
      #expect(try await pictures(drawn) == server.model.sample(count: 2, conditions: ["bright": -1], seed: 3))
      let like: [String: Any] = ["sample": ["index": 1, "seed": 3, "conditions": ["bright": -1]]]
      #expect(try pictures(await server.post("/v1/sample", ["like": like, "levels": [Int]()])) == [pictures(drawn)[1]])

      let picture = try ColorImages().image(at: 4)
      let edited = try await server.post(
        "/v1/edit", ["images": [["index": 4]], "conditions": ["bright": -1, "round": 0.5]])
      let expected = try await server.model.edit(
        [picture], by: [:], telling: ["bright": -1, "round": 0.5], known: [["bright": 1]])
      #expect(try pictures(edited) == expected && expected != [picture])
      let data = ["data": try picture.encodePNG().withUnsafeBytes { Data($0) }.base64EncodedString()]
      let sent = try await server.post("/v1/edit", ["images": [data], "conditions": ["bright": -1, "round": 0.5]])
      #expect(
        try await pictures(sent) == server.model.edit([picture], by: [:], telling: ["bright": -1, "round": 0.5]))
      for (path, body, word) in [
        ("/v1/sample", ["conditions": ["hat": 1]], "conditions.hat is no attribute that the model is told"),
        ("/v1/sample", ["others": -1], "others is -1, expected a number from 0"),
        ("/v1/sample", ["conditions": ["bright": 11]], "conditions.bright is 11, expected a number from -10"),
        ("/v1/edit", ["images": [["index": 0]], "conditions": [1]], "conditions"),
      ] as [(String, Any, String)] { server.expectProblem(try await server.post(path, body), 400, word) }
    }
    try await RunningServer.with { server in
      server.expectProblem(
        try await server.post("/v1/sample", ["conditions": ["bright": 1]]), 400,
        "is no attribute that the model is told, which is told none")
      server.expectProblem(
        try await server.post("/v1/sample", ["others": 1]), 400, "others is given, but the model is told no attributes")
    }
  }

  @Test func scoresInAForm() async throws {
    try await RunningServer.with { server in
      let some = try [1, 2].map { try ColorImages().image(at: $0) }
      var form = Data()
      for (number, picture) in some.enumerated() {
        form += Data(
          "--edge\r\nContent-Disposition: form-data; name=\"images\"; filename=\"\(number).png\"\r\n\r\n".utf8)
        form += Data(try picture.encodePNG()) + Data("\r\n".utf8)
      }
      form += Data("--edge--\r\n".utf8)
      let type = "multipart/form-data; boundary=edge"
      let answer = try await server.send("POST", "/v1/score", body: form, type: type)
      let expected = try await server.model.score(some)
      let scores = try #require(answer.json["scores"] as? [[String: Any]], "\(answer.text)")
      #expect(scores.map { $0["bitsPerDimension"] as? Double } == expected.map(\.score.bitsPerDimension))
      #expect(scores[0]["percentile"] == nil)
      try await server.model.score(reference: ColorImages(), count: 10, called: "ten")
      let placed = try await server.send("POST", "/v1/score", body: form, type: type)
      let place = try #require((placed.json["scores"] as? [[String: Any]])?.first)
      #expect(place["percentile"] is Double && place["correctedPercentile"] is Double && place["deviations"] is Double)
      #expect((placed.json["reference"] as? [String: Any])?["name"] as? String == "ten")
    }
  }

  /// An archive holds the images as they are scored, under their labels, and each has its size in other formats.
  @Test func archives() async throws {
    try await RunningServer.with(labels: Self.labels, dataset: ColorImages(classNames: Self.labels)) { server in
      let images: [[String: Any]] = [["index": 3, "label": 0], ["index": 4]]
      let answer = try await server.post("/v1/compress", ["images": images])
      let sizes = try #require(answer.json["images"] as? [[String: Int]], "\(answer.text)")
      #expect(sizes.count == 2 && sizes.allSatisfy { $0.count == 4 && $0.values.allSatisfy { $0 > 0 } })
      let expected = try [3, 4].map { try ColorImages().image(at: $0) }
      #expect(sizes[0]["png"] == (try expected[0].encodePNG().count))
      let archive = try #require((answer.json["archive"] as? String).flatMap { Data(base64Encoded: $0) })
      #expect(answer.json["bytes"] as? Int == archive.count && answer.json["rawBytes"] as? Int == 2 * 192)
      let file = try await server.post(
        "/v1/compress", ["images": images], headers: ["Accept": "application/octet-stream"])
      #expect(file.body == archive && file.headers["content-type"] == "application/octet-stream")
      let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).glz")
      defer { try? FileManager.default.removeItem(at: url) }
      try archive.write(to: url)
      let reader = try ArchiveReader(url)
      try reader.use(FlowCode(ServedModel(labels: Self.labels).loaded().blueprint()))
      var found: [PixelImage] = []
      try reader.read(0..<2) { found.append($1) }
      #expect(found == expected)
      server.expectProblem(try await server.post("/v1/compress", ["images": [Int]()]), 400, "images")
    }
  }

  @Test func theDataSetByPages() async throws {
    try await RunningServer.with(labels: Self.labels, dataset: ColorImages(classNames: Self.labels)) { server in
      let page = try await server.send("GET", "/v1/data?label=1&from=1&count=2")
      #expect(page.json["count"] as? Int == 8)
      let images = try #require(page.json["images"] as? [[String: Any]])
      #expect(images.map { $0["index"] as? Int } == [4, 7])
      #expect(images[0]["attributes"] as? [String] == ["bright"])
      let bright = try await server.send("GET", "/v1/data?attribute=bright&count=3")
      #expect((bright.json["images"] as? [[String: Any]])?.map { $0["index"] as? Int } == [0, 2, 4])
      for (query, word) in [
        ("label=9", "label"), ("count=0", "count"), ("from=x", "from"), ("attribute=hat", "attribute"),
        ("page=2", "page"),
      ] { server.expectProblem(try await server.send("GET", "/v1/data?\(query)"), 400, word) }
    }
    try await RunningServer.with(dataset: nil) { server in
      server.expectProblem(try await server.send("GET", "/v1/data"), 404, "--data")
    }
  }

  @Test func thePageAndItsFiles() async throws {
    try await RunningServer.with { server in
      let page = try await server.send("GET", "/")
      #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
      // Each file that the page loads is there, and none is from elsewhere.
      let names = page.text.matches(of: /<(?:link|script|img)\s[^>]*?(?:src|href)="([^"#]*)"/).map { String($0.1) }
      #expect(!names.isEmpty)
      for name in names {
        #expect(!name.contains("//"))
        #expect(try await server.send("GET", "/" + name.trimmingPrefix("/")).status == 200, "\(name)")
      }
      #expect(try await server.send("HEAD", "/").body.isEmpty)
    }
  }

  @Test func countersForPrometheus() async throws {
    try await RunningServer.with { server in
      _ = try await server.post("/v1/sample", ["count": 3])
      _ = try await server.post("/v1/sample", ["count": -3])
      let text = try await server.send("GET", "/metrics").text
      for line in [
        "glow_http_requests_total{route=\"/v1/sample\",method=\"POST\",status=\"200\"} 1",
        "glow_http_requests_total{route=\"/v1/sample\",method=\"POST\",status=\"400\"} 1",
        "glow_http_request_duration_seconds_count{route=\"/v1/sample\"} 2", "glow_model_batches_total 1.0",
        "glow_model_images_total 3.0", "# TYPE glow_images_waiting gauge",
      ] { #expect(text.contains(line + "\n"), "\(line) is not in \(text)") }
    }
  }
}
