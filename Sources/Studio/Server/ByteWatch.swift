import NIOCore

/// Tells a ``RequestGuard`` that bytes have come.
final class ByteWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let guardian: RequestGuard

  init(_ guardian: RequestGuard) { self.guardian = guardian }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guardian.came(unwrapInboundIn(data))
    context.fireChannelRead(data)
  }
}
