import Foundation
import Imaging
import Multipart
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
    ] { #expect((try? Base64Text.decoded(text)) == bytes, "\(text.prefix(60))") }
    #expect((try? Base64Text.decoded("")) == [])
    for (text, cause) in [
      ("%%%", "holds \"%\""), ("abc*", "holds \"*\""), ("äöü", "not plain ASCII"), ("ab\u{0}=", "not plain ASCII"),
      ("abc=d", "goes on behind"), ("ab=c", "goes on behind"), ("a", "no whole bytes"), ("abcde", "no whole bytes"),
      ("====", "no whole bytes"), ("ab=", "no whole bytes"), ("data:", "without a comma"),
      ("data:image/png;base64", "without a comma"), ("data:image/png,\(plain)", "without ;base64"),
      ("data:;base64,%4", "hexadecimal"), ("data:;base64,abc*", "holds \"*\""),
    ] {
      let error = #expect(throws: Base64Error.self, "\(text.prefix(60))") { try Base64Text.decoded(text) }
      #expect(error?.description.contains(cause) == true, "\(text.prefix(60)): \(error?.description ?? "")")
    }
  }

  /// Strings that differ only in how marks are ordered are equal to Swift, which takes the square of their length to tell.
  @Test(.timeLimit(.minutes(1))) func longRunsOfMarksAreReadInTimeByTheirLength() throws {
    enum Word: String, CaseIterable { case some }
    let marks = "e" + String(repeating: "\u{301}\u{316}", count: 500_000)
    var fields = try RequestFields(.object(["word": .string(marks)]), at: "")
    #expect(throws: Problem.self) { try fields.choice("word", Word.self) }
    #expect(throws: Base64Error.self) { try Base64Text.decoded("data:;base64\(marks),AAAA") }
    // As a name of a form's parts, of as many as there may be.
    let name = marks.unicodeScalars.prefix(1900).reduce(into: "") { $0.unicodeScalars.append($1) }
    let part = "--x\r\nContent-Disposition: form-data; filename=\"\(name)\"; name=\"\(name)\"\r\n\r\n\r\n"
    let form = try MultipartForm(
      Array((String(repeating: part, count: 256) + "--x--").utf8), contentType: "multipart/form-data; boundary=x")
    #expect(form.parts.count == 256)
  }

  /// Keys are hashed and compared as strings; there may be as many as the body has room for.
  @Test(.timeLimit(.minutes(1))) func keysOfMarks() throws {
    let marks = String(repeating: "\u{301}\u{316}", count: 62)
    let keys = (0..<10_000).map { "\"\($0)\(marks)\": 1" }.joined(separator: ",")
    var many = try RequestFields(Data("{\"edits\": {\(keys)}}".utf8))
    let problem = #expect(throws: Problem.self) { try many.numbers("edits", by: ["a"], of: "name", in: 0...1) }
    #expect(problem?.detail.contains("10000") == true && problem?.field == "edits")
    let strangers = try RequestFields(Data("{\(keys)}".utf8))
    #expect(throws: Problem.self) { try strangers.finish() }
    let long = "{\"edits\": {\"\(marks)\(marks)\": 1}}"
    let refusal = #expect(throws: Problem.self) { try RequestFields(Data(long.utf8)) }
    #expect(refusal?.detail.contains("key of more than 256 bytes") == true)
    // What is written with escapes counts by what it means.
    let escaped = String(repeating: "\\u00e4", count: 128)
    #expect(throws: Never.self) { try RequestFields(Data("{\"\(escaped)\": 1}".utf8)) }
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

  @Test func parametersThatAnAddressDoesNotTake() async throws {
    try await RunningServer.with { server in
      for path in ["/v1/models", "/v1/runs", "/metrics", "/healthz", "/openapi.json", "/v1/data", "/v1/runs/a/samples"]
      {
        server.expectProblem(try await server.send("GET", "\(path)?verbose=1"), 400, "verbose is no parameter")
        server.expectProblem(try await server.send("GET", "\(path)?="), 400, "without a name")
      }
      #expect(try await server.send("GET", "/v1/models?").status == 200)
    }
  }

  @Test func lettersOfAPathMayBeEncoded() async throws {
    for (path, plain) in [
      ("/%76%31/models", "/v1/models"), ("/%7E%2d%2E%5f", "/~-._"), ("/a%2Fb%20", "/a%2Fb%20"), ("/%e4", "/%e4"),
      ("/%2541", "/%2541"), ("/", "/"),
    ] { #expect(PercentEncoding.normalized(path) == plain, "\(path)") }
    try await RunningServer.with { server in
      #expect(try await server.send("GET", "/%76%31/models").status == 200)
      #expect(try await server.send("GET", "/%68ealthz").status == 200)
      server.expectProblem(try await server.send("GET", "/v1%2Fmodels"), 404, "no such address")
      server.expectProblem(try await server.send("GET", "/v1/runs/%ff/metrics"), 400, "not UTF-8")
    }
  }

  @Test func textOfAnotherEncoding() async throws {
    try await RunningServer.with { server in
      for (charset, status) in [
        ("utf-16", 415), ("ISO-8859-1", 415), ("utf-8", 200), ("\"UTF-8\"", 200), ("us-ascii", 200),
      ] {
        let answer = try await server.send(
          "POST", "/v1/sample", body: Data("{}".utf8), type: "application/json; charset=\(charset)")
        #expect(answer.status == status, "\(charset): \(answer.text.prefix(200))")
      }
      let pictures = try await server.send(
        "POST", "/v1/score", body: Data("{}".utf8), type: "application/json; charset=utf-16")
      server.expectProblem(pictures, 415, "utf-16")
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
