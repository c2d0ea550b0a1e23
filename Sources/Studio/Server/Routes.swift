import Hummingbird

extension Studio {
  /// The endpoints of the API and the files of the page.
  func router(_ page: PageFiles) -> Router<StudioContext> {
    let endpoints = Endpoint.all.map { (path: RouterPath($0.path), method: $0.method, handler: $0.handler(self)) }
    let pages = page.files.map { path, file in
      (path: RouterPath(path), method: HTTPRequest.Method.get, handler: file.handler)
    }
    let all = endpoints + pages
    let allowed = all.map { (path: "\($0.path)", methods: $0.method == .get ? "GET, HEAD" : $0.method.rawValue) }
    let openPaths = Endpoint.all.filter(\.isOpen).map(\.path)
    let router = Router(context: StudioContext.self)
    router.addMiddleware {
      CountingMiddleware(metrics: metrics)
      BodyMiddleware(budget: bodies)
      HeadersMiddleware()
      ProblemMiddleware(allowed: allowed)
      AccessMiddleware(token: options.token, openPaths: Set(page.files.keys).union(openPaths))
    }
    for (path, method, handler) in all {
      router.on(path, method: method, use: handler)
      if method == .get { router.on(path, method: .head, use: handler) }
    }
    return router
  }
}

extension PageFiles.File {
  fileprivate var handler: Endpoint.Handler {
    { _, _ in
      Response(
        status: .ok, headers: [.contentType: type, .cacheControl: "no-cache"],
        body: ResponseBody(byteBuffer: content))
    }
  }
}
