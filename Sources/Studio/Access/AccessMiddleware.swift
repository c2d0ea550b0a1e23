import HTTPTypes
import Hummingbird

/// Lets in whom the server is for: with a token whoever has it, without one the pages of this server on this machine.
struct AccessMiddleware: RouterMiddleware {
  typealias Context = StudioContext
  let token: String?
  /// What needs no token: the page itself, which holds nothing of the model, and whether the server lives. All else does,
  /// however its path is spelt.
  let openPaths: Set<String>
  /// Other sites whose pages are let in.
  let origins: AllowedOrigins
  /// Whether requests come through a socket that its folder guards.
  let isOnSocket: Bool

  func handle(
    _ request: Request, context: StudioContext, next: (Request, StudioContext) async throws -> Response
  ) async throws -> Response {
    let authority = request.head.authority ?? ""
    let isAllowed = request.headers[.origin].map(origins.contains) ?? false
    if !isAllowed, let origin = request.headers[.origin],
      Self.authority(of: origin)?.lowercased() != authority.lowercased()
    {
      // Another site's page, which a browser lets send requests though not read the answers.
      throw Problem(.forbidden, "requests from pages of another site are refused")
    }
    if !isAllowed, !openPaths.contains(request.uri.path), let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!],
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
    } else if !isOnSocket {
      // A name of another site that was made to resolve to this machine.
      guard Authority(authority)?.isLoopback == true else {
        throw Problem(.forbidden, "the server answers to localhost alone, not to \"\(authority)\"")
      }
    }
    return try await next(request, context)
  }

  private static func authority(of origin: String) -> String? {
    origin.range(of: "://").map { String(origin[$0.upperBound...]) }
  }

  /// In a time that does not tell where they differ.
  private static func areEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var difference = a.count ^ b.count
    for i in b.indices { difference |= Int(b[i] ^ (i < a.count ? a[i] : 0)) }
    return difference == 0
  }
}
