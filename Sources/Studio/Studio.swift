import Datasets
import Foundation
import Inference

/// What the endpoints work with.
struct Studio: Sendable {
  /// All that are served; the first is meant where a request names none.
  let library: ModelLibrary
  /// The one that a request is for.
  private(set) var served: StudioModel
  let options: StudioOptions
  let runs: RunCatalog?
  let metrics = MetricsRegistry()
  let decoder: PictureDecoder
  /// For reading requests and writing answers.
  let workers = WorkerThreads(count: max(2, ProcessInfo.processInfo.activeProcessorCount), name: "requests")
  let bodies: BodyBudget
  let shelf = PictureShelf()

  init(_ library: ModelLibrary, options: StudioOptions, runs: RunCatalog?) {
    self.library = library
    served = library.first
    self.options = options
    self.runs = runs
    decoder = PictureDecoder(pixelLimit: options.pixelLimit)
    bodies = BodyBudget(limit: Self.bodiesAtATime * options.bodyLimit)
  }

  var model: ImageModel { served.model }
  var dataset: (any ImageDataset)? { served.dataset }

  /// For requests to `model`.
  func serving(_ model: StudioModel) -> Studio {
    var studio = self
    studio.served = model
    return studio
  }

  /// So many bodies of the largest size are held at a time, or many more of the usual.
  private static let bodiesAtATime = 16

  /// Runs `work` for as long as the client is there and the request has time, which all work on it shares.
  func working<R: Sendable>(
    _ context: StudioContext, _ work: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let limit = options.timeLimit
    return try await context.whileConnected(until: context.deadline.after(limit), limit: limit, on: workers, work)
  }
}
