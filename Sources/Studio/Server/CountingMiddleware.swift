import Hummingbird

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
