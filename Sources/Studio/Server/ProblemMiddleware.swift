import Hummingbird
import HummingbirdCore
import Inference
import NIOCore
import NIOHTTP1

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
      if request.method == .options, request.head.path == "*" { return ofTheServer }
      let problem = problem(error, request)
      if problem.status == .internalServerError { context.logger.error("\(error)") }
      return problem.response
    }
  }

  /// Of no address: what all of them take together (RFC 9110, section 9.3.7).
  private var ofTheServer: Response {
    let methods = Set(allowed.flatMap { $0.methods.split(separator: ", ").map(String.init) }).union(["OPTIONS"])
    return Response(status: .noContent, headers: [.allow: methods.sorted().joined(separator: ", ")])
  }

  private static func isOfTheConnection(_ error: any Error) -> Bool {
    error is CancellationError || error is HTTPParserError || error is IOError || error is ChannelError
      || error is ChannelPipelineError
  }

  private func problem(_ error: any Error, _ request: Request) -> Problem {
    switch error {
    case let error as HTTPError where error.status == .notFound:
      if let methods = methods(of: request.uri.path) {
        var problem = Problem(.methodNotAllowed, "\(request.method.rawValue) is not taken here, expected \(methods)")
        problem.allow = methods
        return problem
      }
      return Problem(.notFound, "there is no such address: /openapi.json lists those that there are")
    case let error as HTTPError: return Problem(error.status, error.body ?? error.status.reasonPhrase)
    default: return Problem(of: error) ?? .failure
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

extension Problem {
  /// What a request is told of what was thrown; nil where that is the server's fault.
  init?(of error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case InferenceError.busy(let seconds):
      self.init(.tooManyRequests, "\(error)")
      retryAfter = max(1, Int(seconds.rounded(.up)))
    case InferenceError.request(let field, _): self.init(.unprocessableContent, "\(error)", field: field)
    default: return nil
    }
  }

  static let failure = Problem(.internalServerError, "the server failed: its log says more")
}
