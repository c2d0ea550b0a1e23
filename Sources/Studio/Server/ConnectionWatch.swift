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
  /// Runs `work` on `executor` for as long as its client is there, and until `deadline`. Then it is cancelled and not waited
  /// for: whatever it is in the middle of, the client has its answer, and a shutdown its end.
  /// - Parameter limit: what the answer calls the time.
  /// - Throws: ``Problem`` after the deadline; `CancellationError` if the client has gone; what `work` throws.
  func whileConnected<R: Sendable>(
    until deadline: ContinuousClock.Instant, limit: Duration, on executor: some TaskExecutor,
    _ work: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let watch = try await channel.pipeline.handler(type: ConnectionWatch.self).get()
    let outcome = FirstOutcome<R>()
    let task = Task(executorPreference: executor) {
      do { outcome.settle(.success(try await work())) } catch { outcome.settle(.failure(error)) }
    }
    @Sendable func giveUp(_ error: any Error) {
      outcome.settle(.failure(error))
      task.cancel()
    }
    watch.whenClosed { giveUp(CancellationError()) }
    // Of the event loop, which costs less than a task that sleeps.
    let timer = channel.eventLoop.scheduleTask(in: TimeAmount(deadline - .now)) { giveUp(lateness(limit)) }
    defer {
      timer.cancel()
      watch.whenClosed(nil)
    }
    return try await withTaskCancellationHandler {
      try await outcome.value
    } onCancel: {
      giveUp(CancellationError())
    }
  }
}

extension StudioContext {
  private func lateness(_ limit: Duration) -> Problem {
    let seconds = limit.components.seconds
    guard deadline.isWaiting else {
      return Problem(.serviceUnavailable, "the request took longer than \(seconds) s: ask for less")
    }
    var problem = Problem(
      .serviceUnavailable,
      "other requests' pictures were decoded until the \(seconds) s were over: try again in a while")
    problem.retryAfter = max(1, Int(seconds))
    return problem
  }
}

/// The first of several outcomes; one task waits for it.
private final class FirstOutcome<R: Sendable>: Sendable {
  private enum State {
    case open(CheckedContinuation<R, any Error>?)
    case settled(Result<R, any Error>)
  }
  private let state = Mutex(State.open(nil))

  func settle(_ outcome: Result<R, any Error>) {
    let waiting = state.withLock { state -> CheckedContinuation<R, any Error>? in
      guard case .open(let waiting) = state else { return nil }
      state = .settled(outcome)
      return waiting
    }
    waiting?.resume(with: outcome)
  }

  var value: R {
    get async throws {
      try await withCheckedThrowingContinuation { continuation in
        let settled = state.withLock { state -> Result<R, any Error>? in
          if case .settled(let outcome) = state { return outcome }
          state = .open(continuation)
          return nil
        }
        if let settled { continuation.resume(with: settled) }
      }
    }
  }
}
