import Foundation
import Hummingbird
import Multipart
import NIOCore

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
    return try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask {
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
      group.addTask { throw try await Self.slowness(of: record, within: time) }
      defer { group.cancelAll() }
      return try await group.next()!
    }
  }

  /// Waits until a body is known to come too slowly.
  private static func slowness(of record: BodyRecord, within time: Duration) async throws -> Problem {
    let end = ContinuousClock.now + time
    var pace = BodyPace()
    while end - .now > .seconds(1) {
      try await Task.sleep(for: .seconds(1))
      if pace.isTooSlow(with: record.bytes) {
        return Problem(
          .requestTimeout, "the body comes slower than \(BodyPace.slowest) bytes a second over \(BodyPace.span) s")
      }
    }
    try await Task.sleep(until: end, clock: .continuous)
    return Problem(.requestTimeout, "the body did not come within \(time.components.seconds) s")
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
