import Foundation

/// What a ``StudioServer`` allows.
public struct StudioOptions: Sendable {
  /// The address to listen on. Any but this machine's own (127.0.0.1, ::1, localhost) needs a token.
  public var host = "127.0.0.1"
  /// The port to listen on; 0 for any that is free.
  public var port = 8080
  /// A Unix socket to listen on, in place of ``host`` and ``port``. Whoever may open the file may use the server.
  public var socket: URL?
  /// Other sites whose pages may use the API, such as `https://example.org`, or `http://localhost:3000` for a page in the making.
  public var origins: [String] = []
  /// The token that every request must bring, as `Authorization: Bearer TOKEN`; nil for none.
  public var token: String?
  /// The largest body of a request, in bytes.
  public var bodyLimit = 8 << 20
  /// The most pixels (width times height) of the pictures that a request brings, together.
  public var pixelLimit = 25_000_000
  /// The most pictures that are drawn for one request.
  public var countLimit = 64
  /// The most pictures that one request brings.
  public var imageLimit = 16
  /// How long a request's body may take to come, and then its answer.
  public var timeLimit = Duration.seconds(30)
  /// How long a request's first line and headers may take to come, the first from when the connection is made.
  public var headLimit = Duration.seconds(5)
  /// The most connections at a time. A new one beyond takes the place of one on which nothing is asked; where requests are
  /// under way on all, it is told so, but for `/healthz`.
  public var connectionLimit = 256
  /// The most of those from one address (of IPv6, one network of 64 bits). This machine's own are not counted.
  public var connectionLimitPerAddress = 128

  /// For callers on this machine, at port 8080 and without a token.
  public init() {}

  /// Whether ``host`` is this machine's own, or there is a ``socket`` in its place.
  public var isLoopback: Bool { socket != nil || Authority.isLoopback(host) }
}
