import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// How a connection is set up: as Hummingbird's own of HTTP/1.1, with a ``RequestGuard`` right behind the parser.
struct StudioChannel: ServerChildChannel, HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  let responder: HTTPChannelHandler.Responder
  let options: StudioOptions
  let table: ConnectionTable
  let metrics: MetricsRegistry

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let place = table.admit(channel)
      // Not at once: a connection that fails to be set up would end the server.
      if place == nil { channel.eventLoop.execute { channel.close(promise: nil) } }
      let guardian = RequestGuard(
        table, place ?? .surplus(reason: "there is no place"), headLimit: options.headLimit, metrics: metrics)
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(ByteWatch(guardian))
      var limits = NIOHTTPDecoderLimitConfiguration()
      (limits.maxHeaderFieldSize, limits.maxHeaderListSize, limits.maxHeaderFieldCount) = (8 << 10, 32 << 10, 100)
      try pipeline.configureHTTPServerPipeline(
        // The channel below answers one request after the other.
        withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
      try pipeline.addHandler(guardian)
      try pipeline.addHandlers([
        HTTP1ToHTTPServerCodec(secure: false), ConnectionWatch(), ContinueHandler(bodyLimit: options.bodyLimit),
      ])
      // Longer than a body may take, so that one that stalls is told so.
      let idleTime = options.timeLimit + .seconds(5)
      try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idleTime, logger: logger))
      return try NIOAsyncChannel(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
