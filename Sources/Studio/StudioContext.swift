import Hummingbird
import NIOCore
import Synchronization

/// A request's context, with its connection.
struct StudioContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  let body = BodyRecord()
  let deadline = WorkDeadline()

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// How much of a request's body has been read.
final class BodyRecord: Sendable {
  private struct State {
    var bytes = 0
    var isWhole = false
  }
  private let state = Mutex(State())

  var bytes: Int { state.withLock { $0.bytes } }
  var isWhole: Bool { state.withLock { $0.isWhole } }

  func count(_ bytes: Int) { state.withLock { $0.bytes += bytes } }
  func finish() { state.withLock { $0.isWhole = true } }
}

/// When a request's answer must be there, and whether the request waits for others until then.
final class WorkDeadline: Sendable {
  private struct State {
    var instant: ContinuousClock.Instant?
    var isWaiting = false
  }
  private let state = Mutex(State())

  var isWaiting: Bool {
    get { state.withLock { $0.isWaiting } }
    set { state.withLock { $0.isWaiting = newValue } }
  }

  /// - Returns: so long after this was asked first.
  func after(_ limit: Duration) -> ContinuousClock.Instant {
    state.withLock { state in
      let deadline = state.instant ?? .now + limit
      state.instant = deadline
      return deadline
    }
  }
}
