import FlowModels
import Foundation
import Imaging
import Inference
import PictureFixtures
import ServedModels
import Testing
import Torch

@testable import Studio

/// Requests that are wrong, or mean harm, get a sentence and leave the server as it was.
@Suite(.serialized) struct HostileTests {
  @Test func fieldsThatMakeNoSense() async throws {
    try await RunningServer.with(labels: ["a", "b"]) { server in
      let image = ["index": 0]
      let cases: [(String, Any, String)] = [
        ("/v1/sample", ["count": 0], "count"), ("/v1/sample", ["count": 65], "count"),
        ("/v1/sample", ["count": 1.5], "count"), ("/v1/sample", ["count": true], "count"),
        ("/v1/sample", ["count": "4"], "count"), ("/v1/sample", ["count": 1e300], "count"),
        ("/v1/sample", ["temperature": -1], "temperature"), ("/v1/sample", ["temperature": [1, 1, 1]], "temperature"),
        ("/v1/sample", ["seed": -1], "seed"), ("/v1/sample", ["labels": [2]], "labels"),
        ("/v1/sample", ["labels": [Int]()], "labels"), ("/v1/sample", ["labels": [0, 2]], "labels[1]"),
        ("/v1/sample", ["count": 2, "labels": [0, 1, 0]], "labels holds 3, expected at most 2"),
        ("/v1/sample", ["like": ["image": image], "levels": [1, 2, 1]], "list of 0 to 2"),
        ("/v1/sample", ["like": ["image": image], "levels": [2, 2]], "levels names 2 more than once"),
        ("/v1/sample", ["color": "red"], "color"),
        ("/v1/sample", ["like": [String: Int]()], "like"), ("/v1/sample", ["like": ["sample": ["seed": 1]]], "index"),
        ("/v1/sample", ["like": ["sample": ["index": 64]]], "index"),
        ("/v1/sample", ["like": ["image": image], "levels": [3]], "levels"),
        ("/v1/sample", [1, 2], "object"), ("/v1/edit", [String: Int](), "images"),
        ("/v1/edit", ["images": [Int]()], "images"), ("/v1/edit", ["images": [image], "edits": ["hat": 1]], "hat"),
        ("/v1/edit", ["images": [image], "edits": ["bright": "very"]], "bright"),
        ("/v1/edit", ["images": [image], "direction": "up"], "direction"),
        ("/v1/edit", ["images": [["index": 24]]], "images[0].index"),
        ("/v1/edit", ["images": [["index": -1]]], "index"),
        ("/v1/edit", ["images": [["data": "%%%"]]], "base64"),
        ("/v1/edit", ["images": [["path": "/etc/passwd"]]], "data"),
        ("/v1/edit", ["images": [["index": 0, "data": ""]]], "data"),
        ("/v1/edit", ["images": [["index": 0, "label": 2]]], "images[0].label"),
        ("/v1/edit", ["images": Array(repeating: image, count: 17)], "images"),
        ("/v1/interpolate", ["images": [image]], "images"),
        ("/v1/interpolate", ["images": [image, image], "steps": 1], "steps"),
        ("/v1/interpolate", ["images": [image, image], "weights": [[1, 1]], "steps": 4], "steps"),
        ("/v1/decode", ["latents": "%%%"], "base64"), ("/v1/decode", ["latents": 5], "latents"),
        ("/v1/score", ["images": [image], "labels": [0]], "labels"),
      ]
      for (path, body, word) in cases { server.expectProblem(try await server.post(path, body), 400, word) }
      let rows: [(Any, String)] = [
        ([1], "weights[0] is a list of 1, expected a list of 2"), ([0, 0], "weights[0] holds nothing but 0"),
        ([1, -1], "weights[0][1] is -1, expected a number from 0 to 1000000"), ([1, 1e7], "weights[0][1] is 10000000"),
        ([1, "a"], "weights[0][1] is \"a\""), (5, "weights[0] is 5"),
      ]
      for (row, words) in rows {
        let body = ["images": [image, image], "weights": [row]] as [String: Any]
        server.expectProblem(try await server.post("/v1/interpolate", body), 422, words)
      }
      #expect(server.model.state.batches == 0)
    }
  }

  @Test func pathsThatAreTooLong() async throws {
    try await RunningServer.with { server in
      let images = Array(repeating: ["index": 0], count: 9)
      let answer = try await server.post("/v1/interpolate", ["images": images, "steps": 9])
      server.expectProblem(answer, 422, "steps makes 65 images", "64")
    }
  }

  @Test func bodiesThatAreNone() async throws {
    try await RunningServer.with { server in
      for text in [
        "", "{", "{\"count\": NaN}", "{\"count\": 1e999}", "\u{0}", String(repeating: "[", count: 100_000),
        "{\"count\": 1,}", "{\"count\": 1, \"count\": 2}", "\u{feff}{}", "{\"count\": \"\\ud800\"}", "{'count': 1}",
        String(repeating: "{\"a\":", count: 500) + "1" + String(repeating: "}", count: 500),
        "[" + String(repeating: "0,", count: 200_000) + "0]",
      ] {
        let answer = try await server.send("POST", "/v1/sample", body: Data(text.utf8), type: "application/json")
        server.expectProblem(answer, 400, "JSON")
      }
      server.expectProblem(
        try await server.send("POST", "/v1/sample", body: Data("{}".utf8), type: "text/plain"), 415, "text/plain")
      server.expectProblem(
        try await server.send("POST", "/v1/encode", body: Data(), type: "image/gif"), 415, "image/gif")
      server.expectProblem(try await server.send("DELETE", "/v1/sample"), 405, "POST")
      #expect(try await server.send("PUT", "/v1/models").headers["allow"] == "GET, HEAD")
      server.expectProblem(try await server.send("GET", "/v2/models"), 404, "openapi.json")
      server.expectProblem(try await server.send("GET", "/../../etc/passwd"), 404)
      server.expectProblem(try await server.send("GET", "/v1/runs/..%2F..%2Fetc/metrics"), 404)
    }
  }

  @Test func picturesThatAreDamagedOrTooLarge() async throws {
    try await RunningServer.with({ $0.pixelLimit = 1000 }) { server in
      func expectRefusal(_ bytes: [UInt8], _ type: String = "image/png", _ words: String) async throws {
        server.expectProblem(try await server.send("POST", "/v1/score", body: Data(bytes), type: type), 422, words)
      }
      let whole = try ColorImages().image(at: 0).encodePNG()
      try await expectRefusal(Array(whole.dropLast(20)), "image/png", "cut short")
      try await expectRefusal([], "image/png", "empty")
      try await expectRefusal(Array("GIF89a".utf8), "image/png", "GIF")
      try await expectRefusal(Array("hello".utf8), "image/jpeg", "not a picture")
      let large = PixelImage(width: 100, height: 11, channels: 1, filledWith: 0)
      try await expectRefusal(try large.encodePNG(), "image/png", "at most 1000 pixels")
      // Each is small enough, together they are not.
      let half = try PixelImage(width: 30, height: 20, channels: 1, filledWith: 0).png().base64EncodedString()
      let both = try await server.post("/v1/score", ["images": [["data": half], ["data": half]]])
      server.expectProblem(both, 422, "images[1].data", "pixels")
      let text = both.text
      #expect(text.contains("at most 1000 pixels") && text.contains("before it have 600"), "\(text)")
      // Nothing that only the program's own flags could mend.
      #expect(!text.contains("megapixels") && !text.contains("--"), "\(text)")
      // A few bytes that claim to be ten thousand million pixels.
      let bomb = HandmadePNG(width: 100_000, height: 100_000, bitDepth: 8, colorType: .gray, rows: [[0]])
      try await expectRefusal(bomb.bytes, "image/png", "at most 1000 pixels")
      #expect(server.model.state.batches == 0)
    }
  }

  @Test func partsOfAFormThatAreWrong() async throws {
    try await RunningServer.with { server in
      func part(_ disposition: String, _ content: Data) -> Data {
        Data("--x\r\nContent-Disposition: form-data; \(disposition)\r\n\r\n".utf8) + content + Data("\r\n".utf8)
      }
      func expect(
        _ parts: [Data], _ status: Int, field: String?, _ words: String, _ location: SourceLocation = #_sourceLocation
      ) async throws {
        let answer = try await server.send(
          "POST", "/v1/score", body: parts.reduce(Data(), +) + Data("--x--".utf8),
          type: "multipart/form-data; boundary=x")
        server.expectProblem(answer, status, words, sourceLocation: location)
        #expect(answer.json["field"] as? String == field, "\(answer.text)", sourceLocation: location)
      }
      let good = part("name=images; filename=a.png", try ColorImages().image(at: 0).png())
      try await expect([good, part("name=images; filename=b.png", Data([1]))], 422, field: "images[1]", "b.png: not")
      try await expect(
        [part("name=images; filename=\"\"", Data())], 422, field: "images[0]", "images[0]: the file is empty")
      try await expect([good, part("name=image", Data([1]))], 422, field: "images[1]", "images[1]: not a picture")
      try await expect([good, part("name=hat", Data())], 400, field: "hat", "part \"hat\"")
      try await expect([good, part("name=request", Data("{\"a\": 1}".utf8))], 400, field: "a", "a is no field")
      try await expect(Array(repeating: good, count: 18), 400, field: nil, "18 parts")
      try await expect(Array(repeating: good, count: 17), 400, field: "images", "17 parts images")
      let long = String(repeating: "n", count: 3000)
      try await expect([part("name=images; filename=\(long)", Data([1]))], 422, field: "images[0]", "not a picture")
      #expect(server.model.state.batches == 0)
    }
  }

  @Test func latentsThatAreNotFinite() async throws {
    let served = try ServedModel()
    let glow = try served.loaded()
    func latents(count: Int, _ value: Double) throws -> Data {
      let levels = try (1...2).map { try Tensor.full(value, [count] + glow.configuration.latentShape(level: $0)) }
      return Data(try LatentFile(latents: Latents(levels: levels), labels: nil).bytes())
    }
    try await RunningServer.with({ $0.countLimit = 4 }) { server in
      for (bytes, word) in [
        (try latents(count: 1, .nan), "finite"), (try latents(count: 1, .infinity), "finite"),
        (try latents(count: 1, 1e20), "beyond 1000000"), (try latents(count: 1, -1e30), "beyond 1000000"),
        (try latents(count: 5, 0), "at most 4"), (Data(), "8"), (Data(repeating: 255, count: 100), "header"),
      ] {
        let answer = try await server.send("POST", "/v1/decode", body: bytes, type: "application/octet-stream")
        server.expectProblem(answer, 422, word)
      }
      let large = try await server.send(
        "POST", "/v1/decode", body: latents(count: 1, 2), type: "application/octet-stream")
      #expect(large.status == 200)
    }
  }

  @Test func bodiesThatAreTooLargeOrTooSlow() async throws {
    let change = { @Sendable (options: inout StudioOptions) in
      options.bodyLimit = 1000
      options.timeLimit = .seconds(1)
    }
    try await RunningServer.with(change) { server in
      let large = Data(repeating: UInt8(ascii: " "), count: 1001)
      server.expectProblem(
        try await server.send("POST", "/v1/sample", body: large, type: "application/json"), 413, "1000 bytes")
      // Without a length, and never ending.
      let endless = try RawConnection(port: server.port)
      endless.write("POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
      endless.write("Transfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<3 { endless.write("200\r\n" + String(repeating: " ", count: 512) + "\r\n") }
      #expect(endless.read().hasPrefix("HTTP/1.1 413 "))
      // A byte at a time, for longer than is waited for.
      let slow = try RawConnection(port: server.port)
      slow.write("POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
      slow.write("Content-Length: 500\r\n\r\n{")
      let dribbling = Task.detached {
        while !Task.isCancelled, slow.write(" ") { try? await Task.sleep(for: .milliseconds(100)) }
      }
      #expect(slow.read().hasPrefix("HTTP/1.1 408 "))
      dribbling.cancel()
      // A body that stalls altogether.
      let stalled = try RawConnection(port: server.port)
      stalled.write("POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
      stalled.write("Content-Length: 500\r\n\r\n{")
      #expect(stalled.read().hasPrefix("HTTP/1.1 408 "))
      // A connection on which nothing is asked.
      let silent = try RawConnection(port: server.port)
      #expect(silent.read() == "" && silent.isClosedByServer)
    }
  }

  @Test func clientsThatAskBeforeTheySend() async throws {
    try await RunningServer.with({ $0.bodyLimit = 1000 }) { server in
      func ask(length: Int) throws -> RawConnection {
        let connection = try RawConnection(port: server.port)
        connection.write("POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        connection.write("Expect: 100-continue\r\nContent-Length: \(length)\r\n\r\n")
        return connection
      }
      let small = try ask(length: 2)
      #expect(small.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
      small.write("{}")
      #expect(small.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
      #expect(try ask(length: 1001).read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 413 "))
    }
  }

  @Test func bodiesThatNobodyReads() async throws {
    try await RunningServer.with({ $0.token = "correct-horse-battery" }) { server in
      for (request, status) in [
        ("GET /", "200"), ("POST /v1/sample", "401"), ("DELETE /", "405"), ("GET /none", "401"),
      ] {
        let connection = try RawConnection(port: server.port)
        connection.write("\(request) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        let dribbling = Task.detached {
          while !Task.isCancelled, connection.write("1\r\n \r\n") { try? await Task.sleep(for: .milliseconds(100)) }
        }
        let answer = connection.read()
        #expect(
          answer.hasPrefix("HTTP/1.1 \(status) ") && connection.isClosedByServer, "\(request): \(answer.prefix(200))")
        dribbling.cancel()
      }
    }
  }

  @Test func headHasNoBody() async throws {
    try await RunningServer.with { server in
      let connection = try RawConnection(port: server.port)
      for path in ["/nothing", "/v1/sample", "/", "/v1/data?count=0"] {
        connection.write("HEAD \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = connection.read(until: "\r\n\r\n")
        #expect(answer.hasSuffix("\r\n\r\n") && answer.hasPrefix("HTTP/1.1 "), "\(path): \(answer)")
      }
      connection.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(connection.read().hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func requestsThatAreNoHTTP() async throws {
    try await RunningServer.with { server in
      for text in [
        "\u{1}\u{2}\u{3}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        "POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
          + "\r\nZZ\r\n{}\r\n",
      ] {
        let connection = try RawConnection(port: server.port)
        connection.write(text)
        let answer = connection.read()
        #expect(answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 505 "), "\(answer)")
        #expect(connection.isClosedByServer)
      }
      #expect(try await server.send("GET", "/healthz").status == 200)
    }
  }

  @Test func aClientThatGoesAwayCostsNothing() async throws {
    let limits = BatchLimits(wait: .seconds(3600))
    try await RunningServer.with(limits: limits) { server in
      let gone = try RawConnection(port: server.port)
      gone.write("POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
      gone.write("Content-Length: 11\r\n\r\n{\"count\":9}")
      try await server.wait { server.model.state.imagesUnderWay == 9 }
      gone.disconnect()
      try await server.wait { server.model.state.imagesUnderWay == 0 }
      #expect(server.model.state.images == 0)
      try await server.wait { try await server.send("GET", "/metrics").text.contains("status=\"499\"} 1\n") }
      // In the middle of its body.
      let cut = try RawConnection(port: server.port)
      cut.write("POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
      cut.write("Content-Length: 100\r\n\r\n{")
      cut.disconnect()
      try await server.wait { try await server.send("GET", "/metrics").text.contains("status=\"499\"} 2\n") }
    }
  }

  @Test func tooManyAreToldWhenToComeBack() async throws {
    let limits = BatchLimits(size: 5, wait: .seconds(3600), queue: 5)
    try await RunningServer.with(limits: limits) { server in
      async let first = server.post("/v1/sample", ["count": 4])
      try await server.wait { server.model.state.imagesUnderWay == 4 }
      let refused = try await server.post("/v1/sample", ["count": 2])
      server.expectProblem(refused, 429, "try again")
      #expect(refused.headers["retry-after"].flatMap(Int.init) ?? 0 >= 1)
      #expect(try await server.post("/v1/sample", ["count": 1]).status == 200)
      #expect(try await first.status == 200)
    }
  }

  @Test func whatTakesTooLongIsGivenUp() async throws {
    try await RunningServer.with(limits: BatchLimits(wait: .seconds(60)), { $0.timeLimit = .seconds(1) }) { server in
      server.expectProblem(try await server.post("/v1/sample", ["count": 1]), 503, "1 s")
      try await server.wait { server.model.state.imagesUnderWay == 0 }
    }
  }

  /// Pictures that take long to decode are given up in the middle, and meanwhile others are served.
  @Test func picturesThatTakeTooLongAreGivenUp() async throws {
    let side = 9000
    let large = PixelImage(width: side, height: side, channels: 1, filledWith: 7)
    let bytes = Data(try large.encodePNG())
    let change = { @Sendable (options: inout StudioOptions) in
      (options.pixelLimit, options.timeLimit) = (side * side, .seconds(1))
    }
    try await RunningServer.with(change) { server in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<12 {
          group.addTask { try await server.send("POST", "/v1/encode", body: bytes, type: "image/png").status }
        }
        for _ in 0..<20 {
          let start = ContinuousClock.now
          // Not as the others, which wait for each other in the client.
          let health = try RawConnection(port: server.port)
          health.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
          #expect(health.read(until: "\"ok\"}").hasPrefix("HTTP/1.1 200 "))
          #expect(ContinuousClock.now - start < .seconds(5))
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.allSatisfy { [200, 503].contains($0) }, "\(statuses)")
      #expect(statuses.contains(503), "\(statuses)")
      #expect(try await server.post("/v1/encode", ["images": [["index": 0]]]).status == 200)
    }
  }
}
