import Foundation
import Inference
import NIOCore
import Testing

@testable import Studio

/// Who is let in.
@Suite(.serialized) struct AccessTests {
  @Test func everyAnswerKeepsThePageToItself() async throws {
    try await RunningServer.with { server in
      for path in ["/", "/v1/models", "/nothing"] {
        let headers = try await server.send("GET", path).headers
        #expect(headers["content-security-policy"]?.contains("default-src 'none'") == true, "\(path)")
        #expect(headers["content-security-policy"]?.contains("unsafe") == false, "\(path)")
        #expect(headers["x-content-type-options"] == "nosniff" && headers["referrer-policy"] == "no-referrer")
        #expect(headers["x-frame-options"] == "DENY" && headers["cross-origin-resource-policy"] == "same-origin")
        #expect(headers["access-control-allow-origin"] == nil)
      }
    }
  }

  @Test func withoutATokenOnlyThisMachineIsServed() async throws {
    try await RunningServer.with { server in
      for (host, status) in [
        ("localhost", "200"), ("127.0.0.1:\(server.port)", "200"), ("[::1]:80", "200"), ("evil.example", "403"),
        ("localhost.evil.example", "403"), ("127.0.0.1.evil.example", "403"), ("10.0.0.1", "403"), ("", "4"),
      ] {
        let connection = try RawConnection(port: server.port)
        connection.write("GET /healthz HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(connection.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status)"), "\(host)")
      }
      let own = ["Origin": "http://127.0.0.1:\(server.port)"]
      #expect(try await server.post("/v1/sample", [String: Int](), headers: own).status == 200)
      for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example"] {
        let answer = try await server.post("/v1/sample", [String: Int](), headers: ["Origin": origin])
        server.expectProblem(answer, 403, "another site")
      }
    }
  }

  @Test func withATokenItIsNeeded() async throws {
    try await RunningServer.with({ $0.token = "correct-horse-battery" }) { server in
      for path in ["/v1/models", "//v1/models", "/metrics", "/openapi.json", "/v1//models", "/%76%31/models"] {
        let answer = try await server.send("GET", path)
        server.expectProblem(answer, 401, "token")
        #expect(answer.headers["www-authenticate"] == "Bearer")
      }
      for wrong in [
        "Bearer correct-horse-batterY", "Bearer ", "correct-horse-battery", "Bearer correct-horse-battery1",
      ] {
        #expect(try await server.send("GET", "/v1/models", headers: ["Authorization": wrong]).status == 401)
      }
      let right = ["Authorization": "Bearer correct-horse-battery"]
      #expect(try await server.send("GET", "/v1/models", headers: right).status == 200)
      let paths = try await server.send("GET", "/openapi.json", headers: right).json["security"] as? [Any]
      #expect(paths?.count == 1)
      // The page asks for it.
      #expect(try await server.send("GET", "/").status == 200)
      #expect(try await server.send("GET", "/healthz").status == 200)
    }
  }

  @Test func pagesOfOtherSitesThatAreLetIn() async throws {
    try await RunningServer.with({
      $0.origins = ["https://Example.org"]
      $0.token = "correct-horse-battery"
    }) { server in
      let token = ["Authorization": "Bearer correct-horse-battery"]
      for (origin, isLetIn) in [("https://example.org", true), ("https://example.org:444", false), ("null", false)] {
        let asked = ["Origin": origin, "Sec-Fetch-Site": "cross-site"]
        let preflight = try await server.send(
          "OPTIONS", "/v1/sample", headers: asked.merging(["Access-Control-Request-Method": "POST"]) { $1 })
        #expect((preflight.status == 204) == isLetIn, "\(origin)")
        #expect(preflight.headers["access-control-allow-origin"] == (isLetIn ? origin : nil))
        #expect((preflight.headers["access-control-allow-headers"]?.contains("Authorization") ?? false) == isLetIn)
        let answer = try await server.post("/v1/sample", [String: Int](), headers: asked.merging(token) { $1 })
        #expect(answer.status == (isLetIn ? 200 : 403), "\(origin)")
        #expect(answer.headers["access-control-allow-origin"] == (isLetIn ? origin : nil))
        #expect(answer.headers["cross-origin-resource-policy"] == (isLetIn ? "cross-origin" : "same-origin"))
        #expect((answer.headers["vary"]?.contains("Origin") ?? false) == isLetIn)
        // Without the token it gets nowhere, and can read why.
        let without = try await server.post("/v1/sample", [String: Int](), headers: asked)
        #expect(without.status == (isLetIn ? 401 : 403))
        #expect(without.headers["access-control-allow-origin"] == (isLetIn ? origin : nil))
      }
    }
  }

  @Test func aUnixSocket() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "s-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "glow.sock")
    // What a server left that was killed is no obstacle.
    try RawConnection.leaveSocket(at: file)
    try await RunningServer.with({ $0.socket = file }) { server in
      let connection = try RawConnection(socket: file)
      connection.write("GET /healthz HTTP/1.1\r\nHost: models.example.org\r\nConnection: close\r\n\r\n")
      #expect(connection.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
      // One that listens is not pushed aside, nor is another file.
      var options = StudioOptions()
      options.socket = file
      await #expect(throws: IOError.self) { try await StudioServer(server.model, options: options).run() }
      let other = folder.appending(path: "mine")
      try Data("mine".utf8).write(to: other)
      options.socket = other
      await #expect(throws: IOError.self) { try await StudioServer(server.model, options: options).run() }
      #expect(try Data(contentsOf: other) == Data("mine".utf8))
      #expect(FileManager.default.fileExists(atPath: file.path))
    }
    #expect(!FileManager.default.fileExists(atPath: file.path))
  }

  @Test func whichAddressesAreThisMachines() {
    for host in ["127.0.0.1", "localhost", "::1", "127.9.8.7"] {
      var options = StudioOptions()
      options.host = host
      #expect(options.isLoopback, "\(host)")
    }
    for host in ["0.0.0.0", "::", "192.168.1.2", "127.0.0", "127.0.0.256", "localhost.example"] {
      var options = StudioOptions()
      options.host = host
      #expect(!options.isLoopback, "\(host)")
    }
  }
}
