import Hummingbird
import NIOCore

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
