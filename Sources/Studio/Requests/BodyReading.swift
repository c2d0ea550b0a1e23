import Hummingbird
import NIOCore
import Synchronization

/// The bytes of all bodies that are held at a time.
final class BodyBudget: Sendable {
  private let limit: Int
  private let taken = Mutex(0)

  init(limit: Int) { self.limit = limit }

  /// - Returns: whether there is room for so many more.
  func take(_ bytes: Int) -> Bool {
    taken.withLock { taken in
      guard taken + bytes <= limit else { return false }
      taken += bytes
      return true
    }
  }

  func giveBack(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}

extension Request {
  /// Whether there is a body, read or not.
  var hasBody: Bool {
    headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
  }

  /// A body that comes slower, on the whole, holds a connection rather than sends something.
  private static var slowestRate: Int { 1000 }
  /// For so long it may.
  private static var slowestStart: Duration { .seconds(10) }

  /// The whole body.
  /// - Throws: ``Problem`` for one of more than `limit` bytes, one that dribbles or has not come within `time`, or when those
  ///   of all requests are more than `budget`, from which this one's bytes are taken.
  func wholeBody(
    atMost limit: Int, within time: Duration, from budget: BodyBudget, _ context: StudioContext
  ) async throws -> [UInt8] {
    let tooLarge = Problem(.contentTooLarge, "the body is larger than \(limit) bytes, the most that is taken")
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    let (body, record) = (self.body, context.body)
    return try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask {
        var bytes: [UInt8] = []
        for try await part in body {
          guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
          guard budget.take(part.readableBytes) else {
            var problem = Problem(.serviceUnavailable, "too many large requests at a time: try again in a while")
            problem.retryAfter = 1
            throw problem
          }
          record.count(part.readableBytes)
          bytes += part.readableBytesView
        }
        record.finish()
        return bytes
      }
      group.addTask {
        try await Task.sleep(for: min(time, Self.slowestStart))
        let (start, end) = (Self.slowestStart.components.seconds, time.components.seconds)
        for second in stride(from: Int(start), to: Int(end), by: 1) {
          guard record.bytes >= second * Self.slowestRate else {
            throw Problem(.requestTimeout, "the body comes slower than \(Self.slowestRate) bytes a second")
          }
          try await Task.sleep(for: .seconds(1))
        }
        throw Problem(.requestTimeout, "the body did not come within \(time.components.seconds) s")
      }
      defer { group.cancelAll() }
      return try await group.next()!
    }
  }

  /// The content type without its parameters, in small letters; nil where there is none.
  var mediaType: String? {
    headers[.contentType].map { $0.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased() }
  }
}
