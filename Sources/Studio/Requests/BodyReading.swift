import Foundation
import Hummingbird
import Multipart
import NIOCore
import Synchronization

extension Request {
  /// Whether there is a body, read or not.
  var hasBody: Bool {
    headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
  }

  /// The whole body.
  /// - Throws: ``Problem`` for one of more than `limit` bytes or without a length, one that dribbles or has not come within
  ///   `time`, or when those of all requests are more than `budget`, from which this one's bytes are taken.
  func wholeBody(
    atMost limit: Int, within time: Duration, from budget: BodyBudget, _ context: StudioContext
  ) async throws -> [UInt8] {
    guard headers[.contentLength] != nil || headers[.transferEncoding] != nil else {
      throw Problem(.lengthRequired, "the request has no body: expected one, with Content-Length or in chunks")
    }
    let tooLarge = Problem(.contentTooLarge, "the body is larger than \(limit) bytes, the most that is taken")
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    let (body, record) = (self.body, context.body)
    let reading = Task {
      var bytes: [UInt8] = []
      for try await part in body {
        let total = bytes.count + part.readableBytes
        guard total <= limit else { throw tooLarge }
        guard budget.take(part.readableBytes, of: total) else {
          var problem = Problem(.serviceUnavailable, "too many large requests at a time: try again in a while")
          problem.retryAfter = BodyPace.span
          throw problem
        }
        record.count(part.readableBytes)
        bytes += part.readableBytesView
      }
      record.finish()
      return bytes
    }
    let clock = BodyClock(of: record, within: time) { reading.cancel() }
    // Of the event loop, which costs less than a task that sleeps.
    let ticks = context.channel.eventLoop.scheduleRepeatedTask(initialDelay: clock.tick, delay: clock.tick) { _ in
      clock.look()
    }
    defer { ticks.cancel() }
    do {
      return try await withTaskCancellationHandler {
        try await reading.value
      } onCancel: {
        reading.cancel()
      }
    } catch { throw clock.problem ?? error }
  }

  /// The content type without its parameters, in small letters; nil where there is none.
  var mediaType: String? {
    headers[.contentType].map { $0.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased() }
  }

  /// - Throws: ``Problem`` where the content type says that text is in another encoding than UTF-8.
  func requireUTF8() throws {
    guard let charset = headers[.contentType].flatMap({ MultipartForm.parameter("charset", of: $0) }) else { return }
    guard !["utf-8", "utf8", "us-ascii", "ascii"].contains(charset.lowercased()) else { return }
    throw Problem(.unsupportedMediaType, "the charset is \(charset.prefix(100)), expected utf-8")
  }
}

/// Tells when a body comes too slowly.
private final class BodyClock: Sendable {
  private struct State {
    var pace = BodyPace()
    var problem: Problem?
  }
  private let state = Mutex(State())
  private let record: BodyRecord
  private let time: Duration
  private let end: ContinuousClock.Instant
  private let giveUp: @Sendable () -> Void

  init(of record: BodyRecord, within time: Duration, _ giveUp: @escaping @Sendable () -> Void) {
    (self.record, self.time, self.giveUp) = (record, time, giveUp)
    end = .now + time
  }

  /// Between two looks.
  var tick: TimeAmount { TimeAmount(min(time, .seconds(1))) }

  /// Why the body is not waited for any more.
  var problem: Problem? { state.withLock { $0.problem } }

  func look() {
    let isLate = ContinuousClock.now >= end
    let hasEnded = state.withLock { state in
      if isLate {
        state.problem = Problem(.requestTimeout, "the body did not come within \(time.components.seconds) s")
      } else if state.pace.isTooSlow(with: record.bytes) {
        state.problem = Problem(
          .requestTimeout, "the body comes slower than \(BodyPace.slowest) bytes a second over \(BodyPace.span) s")
      }
      return state.problem != nil
    }
    if hasEnded { giveUp() }
  }
}
