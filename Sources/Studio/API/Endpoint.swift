import Hummingbird

/// One address of the API: how it is asked, what `/openapi.json` says of it, and what answers it.
///
/// Each is declared beside its handler and listed in ``all``, from which both the routes and `/openapi.json` are made:
///
/// ```
/// extension Endpoint {
///   static let health = Endpoint("getHealth", .get, "/healthz", isOpen: true, Studio.health) { _ in
///     Operation("Whether the server lives", answers: [MediaType.json: .answer(["status": .constant("ok")])])
///   }
/// }
/// ```
struct Endpoint: Sendable {
  typealias Handler = @Sendable (Request, StudioContext) async throws -> Response

  /// What generated clients call it. It stays as it is.
  let id: String
  let method: HTTPRequest.Method
  /// The path, with parameters in braces.
  let path: String
  /// Whether it needs no token.
  let isOpen: Bool
  /// Whether it is for one of the models.
  let isForModel: Bool
  let handler: @Sendable (Studio) -> Handler
  /// The description for one server: its limits, its model's levels, labels and attributes are part of it.
  let operation: @Sendable (Studio) -> Operation

  /// - Parameter query: the parameters behind the path that it takes.
  init(
    _ id: String, _ method: HTTPRequest.Method, _ path: String, isOpen: Bool = false, query: [String] = [],
    _ handler: @escaping @Sendable (Studio) -> Handler, operation: @escaping @Sendable (Studio) -> Operation
  ) {
    (self.id, self.method, self.path, self.isOpen, isForModel) = (id, method, path, isOpen, false)
    self.handler = { studio in
      { request, context in
        try request.requireParameters(among: query)
        return try await handler(studio)(request, context)
      }
    }
    self.operation = operation
  }

  /// An endpoint of one of the models, which a request chooses with the parameter `model`.
  /// - Parameter query: the other parameters behind the path that it takes.
  init(
    _ id: String, forModel method: HTTPRequest.Method, _ path: String, query: [String] = [],
    _ handler: @escaping @Sendable (Studio) -> Handler, operation: @escaping @Sendable (Studio) -> Operation
  ) {
    (self.id, self.method, self.path, isOpen, isForModel) = (id, method, path, false, true)
    self.handler = { studio in
      { request, context in
        try await handler(studio.serving(await studio.chosenModel(request, beside: query)))(request, context)
      }
    }
    self.operation = operation
  }

  /// Every endpoint of the API.
  static let all = [
    models, model, modelPicture, data, sample, encode, decode, interpolate, edit, score, reference, steps, compress,
    runs, runMetrics,
    runSamples, runFilm, health, metrics, openAPI,
  ]
}
