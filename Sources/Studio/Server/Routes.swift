import Hummingbird

extension Studio {
  private typealias Handler = @Sendable (Request, StudioContext) async throws -> Response

  /// Every route of the API, by its path: those that `/openapi.json` tells of.
  private var routes: [(path: RouterPath, method: HTTPRequest.Method, handler: Handler)] {
    [
      ("/v1/models", .get, models), ("/v1/data", .get, data), ("/v1/sample", .post, sample),
      ("/v1/encode", .post, encode), ("/v1/decode", .post, decode), ("/v1/interpolate", .post, interpolate),
      ("/v1/edit", .post, edit), ("/v1/score", .post, score), ("/v1/runs", .get, runs),
      ("/v1/runs/{id}/metrics", .get, runMetrics), ("/v1/runs/{id}/samples", .get, runSamples),
      ("/healthz", .get, health), ("/metrics", .get, prometheus),
      ("/openapi.json", .get, { _, _ in self.answer(self.openAPI) }),
    ]
  }

  private static let methods: [HTTPRequest.Method] = [
    .get, .head, .post, .put, .delete, .patch, .options, .trace, .connect,
  ]

  func router(_ page: PageFiles) -> Router<StudioContext> {
    let router = Router(context: StudioContext.self)
    router.addMiddleware {
      CountingMiddleware(metrics: metrics)
      BodyMiddleware(budget: bodies)
      HeadersMiddleware()
      ProblemMiddleware()
      AccessMiddleware(token: options.token, openPaths: Set(page.files.keys).union(["/healthz"]))
    }
    let pages = page.files.map { path, file in
      (
        path: RouterPath(path), method: HTTPRequest.Method.get,
        handler: { @Sendable (_, _) in
          Response(
            status: .ok, headers: [.contentType: file.type, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: file.content))
        } as Handler
      )
    }
    for (path, method, handler) in routes + pages {
      let taken: [HTTPRequest.Method] = method == .get ? [.get, .head] : [method]
      router.on(path, method: method, use: handler)
      if method == .get { router.on(path, method: .head, use: handler) }
      let allow = taken.map(\.rawValue).joined(separator: ", ")
      for other in Self.methods where !taken.contains(other) {
        router.on(path, method: other) { request, _ -> Response in
          var problem = Problem(.methodNotAllowed, "\(request.method.rawValue) is not taken here, expected \(allow)")
          problem.allow = allow
          throw problem
        }
      }
    }
    return router
  }
}
