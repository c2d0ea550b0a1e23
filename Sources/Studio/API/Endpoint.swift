import Hummingbird

/// One address of the API: how it is asked, what `/openapi.json` says of it, and what answers it.
///
/// Each is declared beside its handler and listed in ``all``, from which both the routes and `/openapi.json` are made:
///
/// ```
/// extension Endpoint {
///   static let health = Endpoint(.get, "/healthz", isOpen: true, Studio.health) { _ in
///     Operation("Whether the server lives", answers: [MediaType.json: .answer(["status": .constant("ok")])])
///   }
/// }
/// ```
struct Endpoint: Sendable {
  typealias Handler = @Sendable (Request, StudioContext) async throws -> Response

  let method: HTTPRequest.Method
  /// The path, with parameters in braces.
  let path: String
  /// Whether it needs no token.
  let isOpen: Bool
  let handler: @Sendable (Studio) -> Handler
  /// The description for one server: its limits, its model's levels, labels and attributes are part of it.
  let operation: @Sendable (Studio) -> Operation

  init(
    _ method: HTTPRequest.Method, _ path: String, isOpen: Bool = false,
    _ handler: @escaping @Sendable (Studio) -> Handler, operation: @escaping @Sendable (Studio) -> Operation
  ) {
    (self.method, self.path, self.isOpen) = (method, path, isOpen)
    (self.handler, self.operation) = (handler, operation)
  }

  /// Every endpoint of the API.
  static let all = [
    models, data, sample, encode, decode, interpolate, edit, score, runs, runMetrics, runSamples, health, metrics,
    openAPI,
  ]
}
