import Foundation
import Inference
import Testing

@testable import Studio

/// What connections may do, and what they may not do to others.
@Suite(.serialized) struct ConnectionTests {
  private static let post = "POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

  /// The answer to what is written on a connection of its own, up to its end.
  private func answer(_ server: RunningServer, _ text: String) throws -> String {
    let connection = try RawConnection(port: server.port)
    connection.write(text)
    return connection.read()
  }

  private func expectProblem(
    _ answer: String, _ status: Int, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let parts = answer.components(separatedBy: "\r\n\r\n")
    let head = parts[0].lowercased()
    #expect(head.hasPrefix("http/1.1 \(status) "), "\(answer)", sourceLocation: sourceLocation)
    #expect(head.contains("content-type: application/problem+json"), "\(answer)", sourceLocation: sourceLocation)
    #expect(head.contains("connection: close"), "\(answer)", sourceLocation: sourceLocation)
    let body = (try? JSONSerialization.jsonObject(with: Data((parts.last ?? "").utf8))) as? [String: Any]
    let detail = body?["detail"] as? String ?? ""
    #expect(detail.contains(words) && body?["status"] as? Int == status, "\(answer)", sourceLocation: sourceLocation)
  }

  @Test func whatIsNoRequestGetsTheFormOfAllErrors() async throws {
    try await RunningServer.with { server in
      let long = String(repeating: "x", count: 9000)
      let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
      for (text, status, words) in [
        ("\u{1}\u{2}\u{3}\r\n\r\n", 400, "HTTP"), ("hello\r\n\r\n", 400, "HTTP"),
        ("GET / HTTP/9.9\r\n\r\n", 505, "HTTP/1.1"),
        ("\(get)X: \(long)\r\n\r\n", 431, "headers"),
        ("\(get)\((0..<101).map { "X\($0): 1\r\n" }.joined())\r\n", 431, "headers"),
        ("GET /\(long.prefix(5000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "address"),
        ("\(get)Content-Length: -5\r\n\r\n", 400, "Content-Length"),
        ("\(get)Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "Content-Length"),
        ("\(Self.post)Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n", 400, "chunk"),
        ("\(Self.post)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "chunked alone"),
        ("\(Self.post)Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501, "chunked alone"),
        ("\(Self.post)Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", 400, "Content-Length"),
        ("\(Self.post)Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415, "gzip"),
        ("\(Self.post)Expect: miracles\r\nContent-Length: 2\r\n\r\n{}", 417, "miracles"),
        ("GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "begin with /"),
        ("GET /v1/data?count=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "hexadecimal"),
        ("GET /v1/data?count=1% HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "hexadecimal"),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400, "0 Host headers"),
        ("\(get)Host: localhost\r\n\r\n", 400, "2 Host headers"),
        ("GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "different hosts"),
        ("GET http://a@b/ HTTP/1.0\r\n\r\n", 400, "the address names \"a@b\""),
        ("\(get)Accept: image/\u{e4}\r\n\r\n", 400, "the Accept header"),
        ("\(get)Transfer-Encoding: \u{301}\u{316}\r\n\r\n", 400, "the Transfer-Encoding header"),
        ("FOO /healthz HTTP/1.1\r\n\r\n", 501, "method"), ("get / HTTP/1.1\r\n\r\n", 501, "method"),
        ("M-SEARCH /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405, "M-SEARCH is not taken"),
        ("QUERY /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405, "QUERY is not taken"),
        ("M-SEARCH * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "begin with /"),
        ("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, "method"),
        ("GET /healthz HTTP/1.1\nHost: localhost\n\n", 400, "CR and LF"), ("\(get)X: 1\n\r\n", 400, "CR and LF"),
        ("GET /healthz HTTP/1.1\rHost: localhost\r\r", 400, "CR and LF"),
        ("\(Self.post)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, "once"),
        ("\(Self.post)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "once"),
        ("\(Self.post)Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400, "end with chunked"),
        ("\(Self.post)Transfer-Encoding: \r\n\r\n{}", 400, "empty"), ("\(Self.post)\r\n{}", 411, "Content-Length"),
      ] { expectProblem(try answer(server, text), status, words) }
      #expect(try answer(server, "HEAD /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n").hasSuffix("\r\n\r\n"))
      let counted = try await server.send("GET", "/metrics").text
      #expect(counted.contains("route=\"none\",method=\"POST\",status=\"501\"} 2"), "\(counted)")
    }
  }

  @Test func hostsAreReadAsWritten() async throws {
    try await RunningServer.with { server in
      for (host, status) in [
        ("LOCALHOST", 200), ("localhost.", 200), ("localhost:", 200), ("localhost:99999", 400), ("localhost:8a", 400),
        ("127.0.0.1:1:2", 400), ("user@localhost", 400), ("localhost/", 400), ("local host", 400), ("[::1", 400),
        ("[::1]x", 400), ("[::ffff:127.0.0.1]", 200), ("[0:0:0:0:0:0:0:1]:80", 200), ("[::2]", 403), ("127.1", 403),
        ("127.0.0.+1", 400), ("127.0.0.1.", 403), ("::1", 400), ("localhost..", 403), ("%6cocalhost", 400), ("", 400),
        ("localhost,evil.example", 400), ("localhost ", 200), ("\tlocalhost:80 \t", 200),
      ] {
        let text = try answer(server, "GET /healthz HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(host): \(text.prefix(300))")
      }
      // Of an address that is written as a whole, too.
      let whole = try answer(
        server, "GET http://LOCALHOST/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(whole.hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func olderClientsGetTheEndOfTheConnection() async throws {
    try await RunningServer.with { server in
      for headers in ["", "Host: localhost\r\n", "Connection: keep-alive\r\n"] {
        let answer = try answer(server, "GET /healthz HTTP/1.0\r\n\(headers)\r\n")
        #expect(
          answer.lowercased().contains("connection: close") && answer.hasSuffix("{\"status\":\"ok\"}"), "\(answer)")
      }
      // What has no length is not cut into chunks, which such a client would take for part of it.
      let page = try answer(server, "GET / HTTP/1.0\r\n\r\n")
      #expect(page.lowercased().contains("<!doctype html>") && !page.lowercased().contains("transfer-encoding"))
      // The host may stand in the address alone, and there is nothing to go on with.
      let whole = try answer(server, "GET http://localhost/healthz HTTP/1.0\r\n\r\n")
      #expect(whole.hasPrefix("HTTP/1.0 200 "), "\(whole)")
      let foreign = try answer(server, "GET http://evil.example/healthz HTTP/1.0\r\n\r\n")
      #expect(foreign.hasPrefix("HTTP/1.0 403 "), "\(foreign)")
      let post = Self.post.replacing("HTTP/1.1", with: "HTTP/1.0")
      let expecting = try answer(server, "\(post)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}")
      #expect(expecting.hasPrefix("HTTP/1.0 200 "), "\(expecting.prefix(200))")
      let refused = try answer(server, "POST /v1/sample HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
      expectProblem(refused, 400, "HTTP/1.0")
      let closed = try answer(server, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n")
      #expect(closed.hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func whatTheServerTakesAltogether() async throws {
    try await RunningServer.with { server in
      let answer = try answer(server, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 204 ") && answer.contains("Allow: GET, HEAD, OPTIONS, POST"), "\(answer)")
    }
  }

  @Test func requestsOneBehindTheOtherAreAnsweredInOrder() async throws {
    try await RunningServer.with { server in
      let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      let post = "\(Self.post)Content-Length: 2\r\n\r\n{}"
      let all = try answer(server, get + post + get + "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n" + get)
      let statuses = all.matches(of: #/HTTP/1\.1 (\d+)/#).map { String($0.1) }
      #expect(statuses == ["200", "200", "200", "400"])
    }
  }

  @Test func headsMustComeInTime() async throws {
    try await RunningServer.with({ $0.headLimit = .seconds(1) }) { server in
      let silent = try RawConnection(port: server.port)
      let slow = try RawConnection(port: server.port)
      slow.write("GET /healthz HTTP/1.1\r\nX: ")
      let dribbling = Task.detached {
        while !Task.isCancelled, slow.write("x") { try? await Task.sleep(for: .milliseconds(50)) }
      }
      #expect(silent.read() == "" && silent.isClosedByServer)
      expectProblem(slow.read(), 408, "1 s")
      dribbling.cancel()
      // The second request of a connection as the first; in between it may rest.
      let kept = try RawConnection(port: server.port)
      kept.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(kept.read(until: "\"ok\"}").hasPrefix("HTTP/1.1 200 "))
      try await Task.sleep(for: .milliseconds(1500))
      kept.write("GET /healthz HT")
      expectProblem(kept.read(), 408, "1 s")
    }
  }

  @Test func idleConnectionsLockNobodyOut() async throws {
    try await RunningServer.with({ $0.connectionLimit = 8 }) { server in
      var idle: [RawConnection] = []
      for _ in 0..<30 { idle.append(try RawConnection(port: server.port)) }
      for _ in 0..<10 { #expect(try await server.send("GET", "/v1/models").status == 200) }
      withExtendedLifetime(idle) {}
    }
  }

  @Test func bodiesThatDribbleLockNobodyOut() async throws {
    let change = { @Sendable (options: inout StudioOptions) in
      (options.connectionLimit, options.headLimit) = (4, .seconds(1))
    }
    try await RunningServer.with(change) { server in
      let slow = try (0..<4).map { _ in try RawConnection(port: server.port) }
      for connection in slow { connection.write("\(Self.post)Content-Length: 500\r\n\r\n{") }
      try await server.wait { try await server.isLetIn() }
      withExtendedLifetime(slow) {}
    }
  }

  @Test func clientsThatDoNotReadLockNobodyOut() async throws {
    try await RunningServer.with({ ($0.connectionLimit, $0.countLimit) = (3, 4096) }) { server in
      let deaf = try (0..<3).map { _ in try RawConnection(port: server.port) }
      // More than the system keeps for a client.
      for connection in deaf { connection.write("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", times: 2000) }
      for _ in 0..<5 {
        try await server.wait { try await server.isLetIn() }
      }
      withExtendedLifetime(deaf) {}
    }
  }

  @Test func whereAllAreAtWorkHealthIsStillTold() async throws {
    let limits = BatchLimits(size: 64, wait: .seconds(3600))
    try await RunningServer.with(limits: limits, { $0.connectionLimit = 3 }) { server in
      let busy = try (0..<3).map { _ in try RawConnection(port: server.port) }
      for connection in busy { connection.write("\(Self.post)Content-Length: 2\r\n\r\n{}") }
      try await server.wait { server.model.state.imagesUnderWay == 3 }
      for _ in 0..<20 { #expect(try await server.send("GET", "/healthz").status == 200) }
      let refused = try await server.send("GET", "/v1/models")
      server.expectProblem(refused, 503, "3 requests are under way")
      #expect(refused.headers["retry-after"] == "1")
      // Those beyond hold no place either.
      var idle: [RawConnection] = []
      for _ in 0..<40 { idle.append(try RawConnection(port: server.port)) }
      #expect(try await server.send("GET", "/healthz").status == 200)
      for connection in busy { connection.disconnect() }
      try await server.wait { try await server.isLetIn() }
    }
  }

  @Test func addressesOfHosts() {
    for text in ["localhost", "127.0.0.1:80", "[::1]", "[::1]:8080", "LocalHost.", "127.255.255.255", "localhost:"] {
      #expect(Authority(text)?.isLoopback == true, "\(text)")
    }
    for text in ["example.org", "127.0.0.1.example.org", "[fe80::1]", "10.0.0.1:80", "localhost.example", "128.0.0.1"] {
      #expect(Authority(text)?.isLoopback == false, "\(text)")
    }
    for text in [
      "", ":80", "[]", "[::1", "::1", "a b", "a@b", "a/b", "a:65536", "a:-1", "a:+1", "ä", "a:٣", "[::1%25lo]",
    ] {
      #expect(Authority(text) == nil, "\(text)")
    }
    #expect(Authority("Example.ORG:8080")?.host == "example.org" && Authority("Example.ORG:8080")?.port == 8080)
  }
}
