import HTTPTypes
import NIOHTTP1

/// What is wrong with a request's first line and headers, before anything looks at what is asked.
struct RequestCheck {
  /// In bytes.
  private static let longestTarget = 4096

  let head: HTTPRequestHead

  var problem: Problem? {
    if ![.http1_0, .http1_1].contains(head.version) {
      return Problem(.httpVersionNotSupported, "the request is of \(head.version), expected HTTP/1.1")
    }
    // It names no address of this server's, where another method could be said to be taken.
    guard head.method != .CONNECT else { return Self.unknownMethod }
    return targetProblem ?? hostProblem ?? headerProblem ?? bodyProblem
  }

  // MARK: - Address

  private var targetProblem: Problem? {
    let target = head.uri.utf8
    guard target.count <= Self.longestTarget else {
      return Problem(.uriTooLong, "the address is longer than \(Self.longestTarget) bytes")
    }
    guard target.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
      return Problem(.badRequest, "the address holds a character that must be written with %")
    }
    guard head.uri.hasPrefix("/") || head.namedAuthority != nil || (head.method == .OPTIONS && head.uri == "*") else {
      return Problem(.badRequest, "the address must begin with /")
    }
    guard PercentEncoding.isValid(head.uri) else {
      return Problem(.badRequest, "the address holds a % without two hexadecimal digits behind it")
    }
    return nil
  }

  // MARK: - Host

  private var hostProblem: Problem? {
    let hosts = head.headers["Host"]
    guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
      return Problem(.badRequest, "the request has \(hosts.count) Host headers, expected one")
    }
    if let host = hosts.first, Authority(host) == nil {
      return Problem(.badRequest, "the Host header is \"\(host)\", expected a host, perhaps with a port")
    }
    guard let named = head.namedAuthority else { return nil }
    guard Authority(String(named)) != nil else {
      return Problem(.badRequest, "the address names \"\(named)\", expected a host, perhaps with a port")
    }
    if let host = hosts.first, named.lowercased() != host.lowercased() {
      return Problem(.badRequest, "the address and the Host header name different hosts")
    }
    return nil
  }

  // MARK: - Headers

  /// Headers whose words are compared, all of which are plain. Letters of thousands of marks take time by the square of
  /// their length.
  private static let plainHeaders = [
    "Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect",
    "If-None-Match", "Origin", "Sec-Fetch-Site", "Transfer-Encoding",
  ]

  private var headerProblem: Problem? {
    let odd = Self.plainHeaders.first { name in head.headers[name].contains { !$0.utf8.allSatisfy { $0 < 0x80 } } }
    return odd.map { Problem(.badRequest, "the \($0) header holds a character that is not ASCII") }
  }

  // MARK: - Body

  private var bodyProblem: Problem? {
    let codings = head.headers[canonicalForm: "Transfer-Encoding"].map { $0.lowercased() }
    if head.headers.contains(name: "Transfer-Encoding") {
      guard head.version == .http1_1, head.headers["Content-Length"].isEmpty else {
        return Problem(.badRequest, "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0")
      }
      guard let last = codings.last else { return Problem(.badRequest, "the Transfer-Encoding header is empty") }
      let chunked = codings.count { $0 == "chunked" }
      guard chunked == 0 || (chunked == 1 && last == "chunked") else {
        return Problem(.badRequest, Self.chunkedOnce)
      }
      guard codings == ["chunked"] else {
        return Problem(
          .notImplemented, "the transfer encoding is \(codings.joined(separator: ", ")), expected chunked alone")
      }
    }
    let contents = head.headers[canonicalForm: "Content-Encoding"].map { $0.lowercased() }
    if let coding = contents.first(where: { $0 != "identity" }) {
      return Problem(.unsupportedMediaType, "the body is encoded as \(coding), expected it as it is")
    }
    let expectations = head.headers[canonicalForm: "Expect"].map { $0.lowercased() }
    if let expectation = expectations.first(where: { $0 != "100-continue" }) {
      return Problem(.expectationFailed, "the request expects \(expectation), which is not known")
    }
    return nil
  }
}

extension RequestCheck {
  static let chunkedOnce = "the Transfer-Encoding header must end with chunked, and name it once"
  static let unknownMethod = Problem(
    .notImplemented, "the request's method is not known here, expected GET, HEAD or POST")

  /// What is wrong with what is no request.
  static func problem(_ error: HTTPParserError) -> Problem {
    switch error {
    case .headerOverflow:
      Problem(
        .requestHeaderFieldsTooLarge,
        "the address and the headers are too many or too long, expected 100 headers at most, each of 8 kB at most")
    case .invalidVersion: Problem(.httpVersionNotSupported, "the request is not of HTTP/1.1")
    case .invalidContentLength, .unexpectedContentLength:
      Problem(.badRequest, "the Content-Length header is no length, stands twice, or goes with Transfer-Encoding")
    case .invalidChunkSize: Problem(.badRequest, "the body holds a chunk whose size is no number")
    case .invalidMethod: Problem(.badRequest, "the request does not begin with a method of HTTP")
    case .invalidURL: Problem(.badRequest, "the address must begin with /, and its odd characters be written with %")
    case .invalidHeaderToken: Problem(.badRequest, "a header holds a character that none may")
    default: Problem(.badRequest, "the request is not HTTP/1.1")
    }
  }
}
