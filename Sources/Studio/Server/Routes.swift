import Hummingbird

extension Studio {
  /// The endpoints of the API and the files of the page.
  func router(_ page: PageFiles) -> Router<StudioContext> {
    let endpoints = Endpoint.all.map { (path: RouterPath($0.path), method: $0.method, handler: $0.negotiating(self)) }
    let pages = page.files.map { path, file in
      (path: RouterPath(path), method: HTTPRequest.Method.get, handler: file.handler)
    }
    let all = endpoints + pages
    let allowed = all.map { (path: "\($0.path)", methods: $0.method == .get ? "GET, HEAD" : $0.method.rawValue) }
    let origins = AllowedOrigins(options.origins)
    let openPaths = Endpoint.all.filter(\.isOpen).map(\.path)
    let router = Router(context: StudioContext.self)
    router.addMiddleware {
      CountingMiddleware(metrics: metrics)
      BodyMiddleware(budget: bodies)
      HeadersMiddleware()
      OriginMiddleware(allowed: origins)
      ProblemMiddleware(allowed: allowed)
      AccessMiddleware(
        token: options.token, openPaths: Set(page.files.keys).union(openPaths), origins: origins,
        isOnSocket: options.socket != nil)
    }
    for (path, method, handler) in all {
      router.on(path, method: method, use: handler)
      if method == .get { router.on(path, method: .head, use: handler) }
    }
    return router
  }
}

extension Endpoint {
  /// The handler, behind a look at what the client takes: nothing is worked out that it will not read. An answer to
  /// supervisors is one that they may not have asked for.
  fileprivate func negotiating(_ studio: Studio) -> Handler {
    let handler = handler(studio)
    guard !isOpen else { return handler }
    let types = operation(studio).answers.keys.sorted()
    return { request, context in
      try request.requireAcceptance(of: types)
      return try await handler(request, context)
    }
  }
}
