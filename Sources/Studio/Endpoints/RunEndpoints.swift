import Foundation
import Hummingbird
import NIOCore
import Runs
import ServiceLifecycle

extension Endpoint {
  static let runs = Endpoint("listRuns", .get, "/v1/runs", Studio.listRuns) { _ in
    Operation("The training runs", answers: [MediaType.json: RunsAnswer.schema])
  }

  static let runMetrics = Endpoint("getRunMetrics", .get, "/v1/runs/{id}/metrics", Studio.runMetrics) { _ in
    Operation(
      "Server-sent events of a run: summary, metrics, log, end", parameters: [runParameter],
      answers: [MediaType.events: event])
  }

  static let runSamples = Endpoint("getRunSamples", .get, "/v1/runs/{id}/samples", Studio.runSamples) { _ in
    Operation(
      "Samples of a run's last validation", parameters: [runParameter], answers: [MediaType.png: .file])
  }

  static let runFilm = Endpoint(
    "getRunFilm", .get, "/v1/runs/{id}/film", query: ["count"], Studio.runFilm
  ) { _ in
    Operation(
      "Samples of a run over its time, of one seed",
      parameters: [
        runParameter, .query("count", .whole(filmCounts), "The most pictures, spread evenly; the newest is one"),
      ],
      answers: [MediaType.json: FilmAnswer.schema])
  }

  fileprivate static let filmCounts = 1...100

  /// One of the stream; its data is JSON.
  private static let event = Schema.answer(["event": .choice(["summary", "metrics", "log", "end"]), "data": .text])
    .called("RunEvent")

  private static let runParameter = Parameter.path(
    "id", Schema(["type": "string", "pattern": "^[^/]+$"]), "As /v1/runs tells")
}

private struct RunsAnswer: Encodable {
  var runs: [RunCatalog.Entry.Answer]

  static let schema = Schema.answer(["runs": .list(of: RunCatalog.Entry.Answer.schema)]).called("Runs")
}

private struct FilmAnswer: Encodable {
  var frames: [Frame]

  static let schema = Schema.answer(["frames": .list(of: Frame.schema)]).called("Film")

  struct Frame: Encodable {
    /// Trained on when they were drawn.
    var images: Int
    var image: Data

    static let schema = Schema.answer(["images": .whole, "image": .base64("png")])
  }
}

extension Studio {
  private static let usualFilmCount = 24

  func runFilm(_ request: Request, _ context: StudioContext) async throws -> Response {
    let entry = try entry(context)
    let count = try request.queryInteger("count", in: Endpoint.filmCounts) ?? Self.usualFilmCount
    return try await working(context) {
      let frames = RunFilm(entry.run).frames(atMost: count).map { FilmAnswer.Frame(images: $0.images, image: $0.png) }
      return Response(json: FilmAnswer(frames: frames))
    }
  }

  func listRuns(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await working(context) {
      Response(
        json: RunsAnswer(
          runs: try (runs?.entries ?? []).map { entry in
            try Task.checkCancellation()
            return entry.answer()
          }))
    }
  }

  private func entry(_ context: StudioContext) throws -> RunCatalog.Entry {
    guard let id = PercentEncoding.decoded(context.parameters.get("id") ?? "", plusIsSpace: false) else {
      throw Problem(.badRequest, "the run's name in the address is not UTF-8: /v1/runs lists those that there are")
    }
    guard let entry = runs?[id] else {
      throw Problem(.notFound, "there is no run \"\(id.prefix(100))\": /v1/runs lists those that there are")
    }
    return entry
  }

  /// The samples of the last validation, a PNG.
  func runSamples(_ request: Request, _ context: StudioContext) throws -> Response {
    let entry = try entry(context)
    guard let data = try? Data(contentsOf: entry.run.samplesFile) else {
      throw Problem(.notFound, "the run has no samples yet: its first validation draws them")
    }
    return Response(MediaType.png, ByteBuffer(data: data))
  }

  /// Server-sent events: `summary`, then each line of the metrics and of the log as it is written; `end` when the run is not
  /// being trained and all of it has been sent.
  func runMetrics(_ request: Request, _ context: StudioContext) throws -> Response {
    let entry = try entry(context)
    return Response(
      status: .ok, headers: .events,
      body: ResponseBody { writer in
        var stream = RunStream(entry)
        while let events = stream.next(), !Task.isShuttingDownGracefully {
          try await context.writing {
            for event in events { try await writer.write(event) }
          }
          if stream.isDone { break }
          try await Task.sleep(for: RunStream.interval)
        }
        try await writer.finish(nil)
      })
  }
}
