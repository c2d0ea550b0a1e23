/// What a ``StudioServer`` allows.
public struct StudioOptions: Sendable {
  /// The address to listen on. Any but this machine's own (127.0.0.1, ::1, localhost) needs a token.
  public var host = "127.0.0.1"
  /// The port to listen on; 0 for any that is free.
  public var port = 8080
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
  /// The most connections at a time; more wait.
  public var connectionLimit = 256

  public init() {}

  /// Whether ``host`` is this machine's own.
  public var isLoopback: Bool { AccessMiddleware.isLoopback(host == "::1" ? "[::1]" : host) }
}
