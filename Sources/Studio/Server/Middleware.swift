import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Inference
import NIOCore
import NIOHTTP1

/// Counts requests and how long they took, by route.
struct CountingMiddleware: RouterMiddleware {
  typealias Context = StudioContext
  let metrics: MetricsRegistry

  static let requests = "glow_http_requests_total"
  static let duration = "glow_http_request_duration_seconds"

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    let clock = ContinuousClock()
    let start = clock.now
    func count(_ status: Int) {
      // The route as it is written, and not the path that was asked for: those may be any number.
      let route = ("route", context.endpointPath ?? "none")
      metrics.increment(Self.requests, [route, ("method", request.method.rawValue), ("status", "\(status)")])
      metrics.observe(Self.duration, [route], seconds: (clock.now - start) / .seconds(1))
    }
    do {
      let response = try await next(request, context)
      count(response.status.code)
      return response
    } catch {
      // nginx's number for a client that has gone.
      count(499)
      throw error
    }
  }
}

/// Turns whatever is thrown into an answer.
struct ProblemMiddleware: RouterMiddleware {
  typealias Context = StudioContext
  /// The methods of each path.
  let allowed: [(path: String, methods: String)]

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    do { return try await next(request, context) } catch let error where Self.isOfTheConnection(error) {
      // Hummingbird answers a parser's error, where there still is somebody to answer to.
      throw error is HTTPParserError ? error : CancellationError()
    } catch {
      let problem = problem(error, request)
      if problem.status == .internalServerError { context.logger.error("\(error)") }
      return problem.response
    }
  }

  private static func isOfTheConnection(_ error: any Error) -> Bool {
    error is CancellationError || error is HTTPParserError || error is IOError || error is ChannelError
      || error is ChannelPipelineError
  }

  private func problem(_ error: any Error, _ request: Request) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case let error as HTTPError where error.status == .notFound:
      if let methods = methods(of: request.uri.path) {
        var problem = Problem(.methodNotAllowed, "\(request.method.rawValue) is not taken here, expected \(methods)")
        problem.allow = methods
        return problem
      }
      return Problem(.notFound, "there is no such address: /openapi.json lists those that there are")
    case let error as HTTPError: return Problem(error.status, error.body ?? error.status.reasonPhrase)
    case InferenceError.busy(let seconds):
      var problem = Problem(.tooManyRequests, "\(error)")
      problem.retryAfter = max(1, Int(seconds.rounded(.up)))
      return problem
    case InferenceError.request(let field, _): return Problem(.unprocessableContent, "\(error)", field: field)
    default: return Problem(.internalServerError, "the server failed: its log says more")
    }
  }

  /// Nil for a path that there is not.
  private func methods(of path: String) -> String? {
    let parts = path.split(separator: "/")
    return allowed.first { route in
      let pattern = route.path.split(separator: "/")
      return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }?.methods
  }
}

/// Sends no body in answer to HEAD, gives back what the request's body took of the budget, and closes the connection behind
/// an answer to a request whose body was not read to its end: that may be endless.
struct BodyMiddleware: RouterMiddleware {
  typealias Context = StudioContext
  let budget: BodyBudget

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    defer { budget.giveBack(context.body.bytes) }
    var response = try await next(request, context)
    if request.method == .head {
      let length = response.body.contentLength ?? 0
      response.body = ResponseBody()
      response.headers[.contentLength] = "\(length)"
    }
    if request.hasBody, !context.body.isWhole {
      response.headers[.connection] = "close"
      response.body = closing(response.body, context.channel)
    }
    return response
  }

  /// How long a client may go on sending, so that it comes to read the answer.
  private static let patience = Duration.seconds(1)

  private func closing(_ body: ResponseBody, _ channel: any Channel) -> ResponseBody {
    ResponseBody(contentLength: body.contentLength) { writer in
      try await body.write(Unfinished(writer: writer))
      try await writer.finish(nil)
      Task {
        try? await Task.sleep(for: Self.patience)
        channel.close(promise: nil)
      }
    }
  }

  /// A writer that is not finished by what is written to it.
  private struct Unfinished: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    mutating func write(_ buffer: ByteBuffer) async throws { try await writer.write(buffer) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
  }
}

/// Tells browsers to keep the page to itself.
struct HeadersMiddleware: RouterMiddleware {
  typealias Context = StudioContext

  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    response.headers[.contentSecurityPolicy] = Self.policy
    response.headers[.xContentTypeOptions] = "nosniff"
    for (name, value) in [
      ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"), ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ] { response.headers[HTTPField.Name(name)!] = value }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }
}

/// Lets in whom the server is for: with a token whoever has it, without one the pages of this server on this machine.
struct AccessMiddleware: RouterMiddleware {
  typealias Context = StudioContext
  let token: String?
  /// What needs no token: the page itself, which holds nothing of the model, and whether the server lives. All else does,
  /// however its path is spelt.
  let openPaths: Set<String>

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    let authority = request.head.authority ?? ""
    if let origin = request.headers[.origin], Self.authority(of: origin) != authority {
      // Another site's page, which a browser lets send requests though not read the answers.
      throw Problem(.forbidden, "requests from pages of another site are refused")
    }
    if !openPaths.contains(request.uri.path), let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!],
      !["same-origin", "none"].contains(site)
    {
      throw Problem(.forbidden, "requests from pages of another site are refused")
    }
    if let token {
      if !openPaths.contains(request.uri.path) {
        let given = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        guard given.count == 2, given[0].lowercased() == "bearer", Self.areEqual(String(given[1]), token) else {
          throw Problem(.unauthorized, "a token is needed: open the address that the server printed when it started")
        }
      }
    } else {
      // A name of another site that was made to resolve to this machine.
      guard Self.isLoopback(authority) else {
        throw Problem(.forbidden, "the server answers to localhost alone, not to \"\(authority)\"")
      }
    }
    return try await next(request, context)
  }

  private static func authority(of origin: String) -> String? {
    origin.range(of: "://").map { String(origin[$0.upperBound...]) }
  }

  static func isLoopback(_ authority: String) -> Bool {
    let host =
      authority.hasPrefix("[")
      ? String(authority.prefix { $0 != "]" }.dropFirst()) : String(authority.prefix { $0 != ":" })
    if host == "::1" || host.lowercased() == "localhost" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil } && numbers[0] == "127"
  }

  /// In a time that does not tell where they differ.
  private static func areEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var difference = a.count ^ b.count
    for i in b.indices { difference |= Int(b[i] ^ (i < a.count ? a[i] : 0)) }
    return difference == 0
  }
}
