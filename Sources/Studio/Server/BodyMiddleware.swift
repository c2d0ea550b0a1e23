import Hummingbird

/// Sends no body in answer to HEAD, gives back what the request's body took of the budget, and has ``RequestGuard`` close the
/// connection behind an answer to a request whose body was not read to its end: that may be endless.
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
    // What was meant as a body, and came without a length, would be taken for the next request.
    if request.hasBody && !context.body.isWhole || response.status == .lengthRequired {
      response.headers[.connection] = "close"
    }
    return response
  }
}
