import Foundation
import Imaging
import ServedModels
import Testing

@testable import Studio

/// What clients may write in more than one way, and what they are given of several.
@Suite(.serialized) struct NegotiationTests {
  @Test func theBestOfTheAcceptedTypes() {
    let offers = ["application/json", "image/png"]
    for (header, best) in [
      ("", "application/json"), ("*/*", "application/json"), ("image/png", "image/png"), ("IMAGE/PNG", "image/png"),
      ("image/*", "image/png"), ("image/png, */*", "image/png"), ("image/png;q=0.5, */*", "application/json"),
      ("image/png;q=0, */*;q=0.1", "application/json"), ("application/json;q=0.2, image/png;q=0.3", "image/png"),
      ("application/json, image/png", "application/json"), ("text/html, */*;q=0.1", "application/json"),
      ("application/*;q=0, */*", "image/png"), ("image/png ; q=1.0 , text/html", "image/png"),
      ("image/png;q=abc, */*;q=0.5", "application/json"),
      ("application/json;q=0.9;level=1, image/png;q=0.8", "application/json"),
      ("text/html,image/avif,image/webp,*/*;q=0.8", "application/json"),
    ] { #expect(AcceptedTypes(header).best(of: offers) == best, "\(header)") }
    for header in [
      "text/html", "image/png;q=0", "*/*;q=0", "image/jpeg, application/xml", "image/png;q=0, application/json;q=0",
    ] { #expect(AcceptedTypes(header).best(of: offers) == nil, "\(header)") }
  }

  @Test func answersAreOfTheTypeThatIsLiked() async throws {
    try await RunningServer.with { server in
      for (accept, type) in [
        ("image/png;q=0.4, application/json;q=0.5", "application/json"), ("image/png, */*;q=0.1", "image/png"),
        ("application/json;q=0, */*", "image/png"),
      ] {
        let answer = try await server.post("/v1/sample", [String: Int](), headers: ["Accept": accept])
        #expect(answer.status == 200 && answer.headers["content-type"] == type, "\(accept)")
      }
      for (method, path) in [("POST", "/v1/sample"), ("GET", "/v1/models"), ("GET", "/metrics")] {
        let answer = try await server.send(method, path, headers: ["Accept": "application/xml"])
        server.expectProblem(answer, 406, "none of the accepted types")
      }
      #expect(server.model.state.batches == 3)
      #expect(try await server.send("GET", "/healthz", headers: ["Accept": "text/plain"]).status == 200)
    }
  }

  @Test func base64AsPeopleSendIt() {
    let bytes = [UInt8](0...255)
    let plain = Data(bytes).base64EncodedString()
    let lines = stride(from: 0, to: plain.count, by: 76).map { plain.dropFirst($0).prefix(76) }
    for text in [
      plain, lines.joined(separator: "\r\n"), lines.joined(separator: "\n") + "\n", "  \(plain)\t",
      plain.replacing("+", with: "-").replacing("/", with: "_"), plain.replacing("=", with: ""),
      "data:image/png;base64,\(plain)", "DATA:;Base64,\(plain)", "data:image/png;name=a.png;base64,\(plain)",
      "data:image/png;base64,\(plain.replacing("+", with: "%2B").replacing("=", with: "%3d"))",
    ] { #expect(Base64Text.decoded(text) == bytes, "\(text.prefix(60))") }
    #expect(Base64Text.decoded("") == [])
    for text in [
      "%%%", "abc=d", "a", "abcde", "ab=c", "data:image/png,\(plain)", "data:image/png;base64", "data:", "äöü", "abc*",
      "====",
      "data:;base64,%4",
    ] { #expect(Base64Text.decoded(text) == nil, "\(text.prefix(60))") }
  }

  /// Strings that differ only in how marks are ordered are equal to Swift, which takes the square of their length to tell.
  @Test(.timeLimit(.minutes(1))) func longRunsOfMarksAreReadInTimeByTheirLength() throws {
    enum Word: String, CaseIterable { case some }
    let marks = "e" + String(repeating: "\u{301}\u{316}", count: 500_000)
    var fields = try RequestFields(.object(["word": .string(marks)]), at: "")
    #expect(throws: Problem.self) { try fields.choice("word", Word.self) }
    #expect(Base64Text.decoded("data:;base64\(marks),AAAA") == nil)
  }

  @Test func picturesAsAddresses() async throws {
    try await RunningServer.with { server in
      let picture = try ColorImages().image(at: 3)
      let plain = try picture.png().base64EncodedString(options: .lineLength76Characters)
      let expected = try await server.model.encode([picture])
      for text in [plain, "data:image/png;base64,\(plain)"] {
        let answer = try await server.post("/v1/encode", ["images": [["data": text]]])
        #expect(Array(answer.body) == expected, "\(answer.text.prefix(200))")
      }
      let latents = "data:application/octet-stream;base64,\(Data(expected).base64EncodedString())"
      let decoded = try await server.post("/v1/decode", ["latents": latents], headers: ["Accept": "image/png"])
      #expect(try PixelImage(decoding: Array(decoded.body), name: "answer") == picture)
    }
  }

  @Test func queriesAsFormsWriteThem() async throws {
    #expect(PercentEncoding.decoded("a+b%20c%2B", plusIsSpace: true) == "a b c+")
    #expect(PercentEncoding.decoded("a+b", plusIsSpace: false) == "a+b")
    for text in ["%", "%1", "%zz", "%1g", "%+1", "%ff", "%c0%af"] {
      #expect(PercentEncoding.decoded(text, plusIsSpace: true) == nil, "\(text)")
    }
    try await RunningServer.with { server in
      for (query, status) in [
        ("count=1&from=2", 200), ("attribute=bright", 200), ("%61ttribute=%62right", 200), ("attribute=bri+ght", 400),
        ("count=+1", 400), ("count=1&count=1", 400), ("count=%31", 200), ("count", 400), ("&&count=1&", 200),
        ("attribute=%ff", 400),
      ] { #expect(try await server.send("GET", "/v1/data?\(query)").status == status, "\(query)") }
      let spaced = try await server.send("GET", "/v1/data?attribute=a+b")
      server.expectProblem(spaced, 400, "\"a b\"")
    }
  }

  @Test func thePageIsSentOnceAndSmall() async throws {
    try await RunningServer.with { server in
      func get(_ headers: String) throws -> (head: String, size: Int) {
        let connection = try RawConnection(port: server.port)
        connection.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n")
        let head = connection.read(until: "\r\n\r\n").components(separatedBy: "\r\n\r\n")[0].lowercased()
        let length = head.firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
        return (head, length)
      }
      let plain = try get("")
      let packed = try get("Accept-Encoding: br, gzip\r\n")
      let tag = try #require(plain.head.firstMatch(of: /etag: ("[^"]+")/)).1
      let packedTag = try #require(packed.head.firstMatch(of: /etag: ("[^"]+")/)).1
      #expect(!plain.head.contains("content-encoding") && packed.head.contains("content-encoding: gzip"))
      #expect(plain.head.contains("vary: accept-encoding") && packed.head.contains("vary: accept-encoding"))
      #expect(packed.size < plain.size && packed.size > 0 && tag != packedTag)
      for (headers, isNew) in [
        ("If-None-Match: \(tag)\r\n", false), ("If-None-Match: W/\(tag)\r\n", false), ("If-None-Match: *\r\n", false),
        ("If-None-Match: \"other\", \(tag)\r\n", false), ("If-None-Match: \"other\"\r\n", true),
        ("If-None-Match: \(tag)\r\nAccept-Encoding: gzip\r\n", true),
        ("If-None-Match: \(packedTag)\r\nAccept-Encoding: gzip\r\n", false),
        ("If-None-Match: \(tag)\r\nAccept-Encoding: gzip;q=0\r\n", false),
      ] {
        let answer = try get(headers)
        #expect(answer.head.hasPrefix(isNew ? "http/1.1 200" : "http/1.1 304"), "\(headers): \(answer.head)")
        #expect(answer.head.contains("etag:") && answer.head.contains("content-security-policy"), "\(headers)")
      }
      // Another program's library unpacks it.
      let page = try await server.send("GET", "/")
      #expect(page.text.lowercased().contains("<!doctype html>"))
    }
  }
}
