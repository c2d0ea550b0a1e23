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

  func router(_ page: PageFiles) -> Router<StudioContext> {
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
    let all = routes + pages
    let allowed = all.map { (path: "\($0.path)", methods: $0.method == .get ? "GET, HEAD" : $0.method.rawValue) }
    let router = Router(context: StudioContext.self)
    router.addMiddleware {
      CountingMiddleware(metrics: metrics)
      BodyMiddleware(budget: bodies)
      HeadersMiddleware()
      ProblemMiddleware(allowed: allowed)
      AccessMiddleware(token: options.token, openPaths: Set(page.files.keys).union(["/healthz"]))
    }
    for (path, method, handler) in all {
      router.on(path, method: method, use: handler)
      if method == .get { router.on(path, method: .head, use: handler) }
    }
    return router
  }
}
