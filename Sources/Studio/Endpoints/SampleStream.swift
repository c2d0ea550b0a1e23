import Foundation
import Hummingbird
import Inference
import NIOCore

/// Samples as server-sent events, a few at a time as the model makes them.
struct SampleStream: Sendable {
  /// What is drawn.
  struct Request: Sendable {
    var count: Int
    var temperatures: [Double]
    var labels: [Int]?
    var conditions: [String: Double]
    var others: Double
    var seed: UInt64
  }

  static let event = Schema.answer(["event": .choice(["queue", "images", "end", "problem"]), "data": .text])
    .called("SampleEvent")

  /// A stream may take so many times as long as other requests: its client sees how far it is.
  private static let patience = 10
  /// Between looks at how many wait.
  private static let interval = Duration.milliseconds(500)

  private let request: Request
  private let model: ImageModel

  init(_ request: Request, of model: ImageModel) { (self.request, self.model) = (request, model) }

  func response(_ studio: Studio, _ context: StudioContext) -> Response {
    Response(
      status: .ok, headers: .events,
      body: ResponseBody { writer in
        let (events, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let work = Task {
          await draw(studio, context) { continuation.yield($0) }
          continuation.finish()
        }
        defer { work.cancel() }
        for await event in events { try await context.writing { try await writer.write(event) } }
        try await writer.finish(nil)
      })
  }

  /// Until all are drawn, or the client is gone.
  private func draw(
    _ studio: Studio, _ context: StudioContext, _ send: @escaping @Sendable (ByteBuffer) -> Void
  ) async {
    do {
      let limit = studio.options.timeLimit * Self.patience
      let waiting = Task { await tellOfQueue(send) }
      defer { waiting.cancel() }
      try await context.whileConnected(until: .now + limit, limit: limit, on: studio.workers) {
        let start = ContinuousClock.now
        let labels = model.labels(request.labels, count: request.count)
        try await model.sample(
          count: request.count, temperatures: request.temperatures, labels: request.labels,
          conditions: request.conditions, others: request.others, seed: request.seed
        ) { first, drawn in
          waiting.cancel()
          let done = first + drawn.count
          let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(done) * Double(request.count - done)
          let images = Images(
            from: first, total: request.count, images: try drawn.pictures.map { try $0.png() },
            labels: labels.map { Array($0[first..<done]) },
            strayed: drawn.strayed.isEmpty ? nil : drawn.strayed.map { first + $0 }, secondsLeft: seconds)
          send(.event("images", ByteBuffer(json: images)))
        }
      }
      send(.event("end", ByteBuffer(string: "{}")))
    } catch is CancellationError {} catch {
      send(.event("problem", (Problem(of: error) ?? .failure).content))
    }
  }

  /// How many images of others are before its own, until the first of those is there.
  private func tellOfQueue(_ send: (ByteBuffer) -> Void) async {
    var last: Int?
    while !Task.isCancelled {
      let ahead = max(0, model.state.imagesUnderWay - (last == nil ? 0 : request.count))
      if ahead != last { send(.event("queue", ByteBuffer(json: ["ahead": ahead]))) }
      last = ahead
      try? await Task.sleep(for: Self.interval)
    }
  }

  private struct Images: Encodable {
    var from: Int
    var total: Int
    var images: [Data]
    var labels: [Int]?
    var strayed: [Int]?
    var secondsLeft: Double
  }
}
