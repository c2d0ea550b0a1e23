import HTTPTypes
import Hummingbird

/// Lets pages of other sites use the API, those that the server was told to let (CORS, the Fetch standard, section 3.2).
struct OriginMiddleware: RouterMiddleware {
  typealias Context = StudioContext
  let allowed: AllowedOrigins

  private static let longestLife = "600"

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    guard let origin = request.headers[.origin], allowed.contains(origin) else {
      return try await next(request, context)
    }
    var response = isPreflight(request) ? permission(for: request) : try await next(request, context)
    response.headers[.accessControlAllowOrigin] = origin
    response.headers[.crossOriginResourcePolicy] = "cross-origin"
    response.headers[.accessControlExposeHeaders] = "\(HTTPField.Name.strayed), Retry-After"
    response.headers[.vary] = response.headers[.vary].map { "\($0), Origin" } ?? "Origin"
    return response
  }

  /// What a browser asks before the request itself.
  private func isPreflight(_ request: Request) -> Bool {
    request.method == .options && request.headers[.accessControlRequestMethod] != nil
  }

  private func permission(for request: Request) -> Response {
    var headers: HTTPFields = [
      .accessControlAllowMethods: "GET, HEAD, POST", .accessControlAllowHeaders: "Authorization, Content-Type, Accept",
      .accessControlMaxAge: Self.longestLife,
    ]
    let network = (
      HTTPField.Name("Access-Control-Request-Private-Network")!, HTTPField.Name("Access-Control-Allow-Private-Network")!
    )
    if request.headers[network.0] == "true" { headers[network.1] = "true" }
    return Response(status: .noContent, headers: headers)
  }
}

extension HTTPField.Name {
  static let crossOriginResourcePolicy = Self("Cross-Origin-Resource-Policy")!
}

/// Of pages that may use the API beside the server's own.
struct AllowedOrigins: Sendable {
  private let origins: Set<String>

  init(_ origins: [String]) { self.origins = Set(origins.map { $0.lowercased() }) }

  func contains(_ origin: String) -> Bool { origins.contains(origin.lowercased()) }
}
