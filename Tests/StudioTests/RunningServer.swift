import Foundation
import FoundationNetworking
import Inference
import Logging
import ServedModels
import Testing

@testable import Studio

/// A server on a free port of this machine, for as long as `body` runs.
struct RunningServer {
  let port: Int
  let model: ImageModel
  let token: String?

  static func with<R: Sendable>(
    labels: [String] = [], told: [String] = [], limits: BatchLimits = BatchLimits(wait: .zero),
    dataset: ColorImages? = ColorImages(),
    others: [StudioModel] = [], runs: URL? = nil, _ change: (inout StudioOptions) -> Void = { _ in },
    _ body: (RunningServer) async throws -> R
  ) async throws -> R {
    let served = try ServedModel(labels: labels, told: told)
    let model = try await ImageModel(served.folder.path, attributes: served.attributes, limits: limits)
    var options = StudioOptions()
    options.port = 0
    change(&options)
    var logger = Logger(label: "studio")
    logger.logLevel = .error
    let server = StudioServer(
      [StudioModel(model, named: "first", dataset: dataset)] + others, options: options, runs: runs, logger: logger)
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let running = Task {
      defer { continuation.finish() }
      try await server.run { continuation.yield($0) }
    }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next(), "the server does not start")
    let result: Result<R, any Error>
    do { result = .success(try await body(RunningServer(port: port, model: model, token: options.token))) } catch {
      result = .failure(error)
    }
    running.cancel()
    try await running.value
    return try result.get()
  }

  struct Answer {
    let status: Int
    let headers: [String: String]
    let body: Data

    /// The body as an object of JSON; empty if it is none.
    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  func send(
    _ method: String = "GET", _ path: String, body: Data? = nil, type: String? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!)
    request.httpMethod = method
    request.httpBody = body
    request.timeoutInterval = 30
    if let type { request.setValue(type, forHTTPHeaderField: "Content-Type") }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let http = response as! HTTPURLResponse
    return Answer(
      status: http.statusCode,
      headers: Dictionary(uniqueKeysWithValues: http.allHeaderFields.map { ("\($0)".lowercased(), "\($1)") }),
      body: data)
  }

  func post(_ path: String, _ json: Any, headers: [String: String] = [:]) async throws -> Answer {
    try await send(
      "POST", path, body: JSONSerialization.data(withJSONObject: json), type: "application/json", headers: headers)
  }

  /// Waits until `condition` holds, for ten seconds at most.
  func wait(
    for condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for _ in 0..<1000 {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("it did not come about", sourceLocation: sourceLocation)
  }

  /// Whether a new connection gets an answer, and not 503 or its end because there are too many.
  func isLetIn() async throws -> Bool {
    do {
      return try await send("GET", "/v1/models").status == 200
    } catch URLError.networkConnectionLost {
      return false
    }
  }

  /// Expects an answer with a status and a sentence that has all of `words`.
  func expectProblem(
    _ answer: Answer, _ status: Int, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
    #expect(answer.headers["content-type"] == "application/problem+json", sourceLocation: sourceLocation)
    let detail = answer.json["detail"] as? String ?? ""
    for word in words {
      #expect(detail.contains(word), "no \"\(word)\" in: \(detail)", sourceLocation: sourceLocation)
    }
  }
}
