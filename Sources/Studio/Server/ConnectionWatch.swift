import NIOCore
import NIOHTTPTypes
import Synchronization

/// Tells the work on a request that its client has gone. A client that closes its side before it has the answer counts as
/// gone: the connection is then closed as a whole.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  typealias InboundIn = HTTPRequestPart

  private struct State {
    var isClosed = false
    var onClose: (@Sendable () -> Void)?
  }
  private let state = Mutex(State())

  func handlerAdded(context: ChannelHandlerContext) {
    _ = context.channel.setOption(.allowRemoteHalfClosure, value: false)
  }

  func channelInactive(context: ChannelHandlerContext) {
    let onClose = state.withLock { state in
      state.isClosed = true
      return state.onClose
    }
    onClose?()
    context.fireChannelInactive()
  }

  /// Sets what to do when the connection closes: at once if it has; nil for nothing.
  func whenClosed(_ body: (@Sendable () -> Void)?) {
    let isClosed = state.withLock { state in
      state.onClose = body
      return state.isClosed
    }
    if isClosed { body?() }
  }
}

extension StudioContext {
  /// Runs `work` for as long as its client is there, and no longer than `limit`.
  /// - Throws: ``Problem`` after `limit`; `CancellationError` if the client has gone; what `work` throws.
  func whileConnected<R: Sendable>(
    atMost limit: Duration, _ work: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let watch = try await channel.pipeline.handler(type: ConnectionWatch.self).get()
    let task = Task { try await work() }
    watch.whenClosed { task.cancel() }
    let isLate = Mutex(false)
    let timer = Task {
      try await Task.sleep(for: limit)
      isLate.withLock { $0 = true }
      task.cancel()
    }
    defer {
      timer.cancel()
      watch.whenClosed(nil)
    }
    do {
      return try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        task.cancel()
      }
    } catch is CancellationError where isLate.withLock({ $0 }) {
      throw Problem(.serviceUnavailable, "the request took longer than \(limit.components.seconds) s: ask for less")
    }
  }
}
