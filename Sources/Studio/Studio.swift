import Datasets
import Foundation
import Inference

/// What the endpoints work with.
struct Studio: Sendable {
  let model: ImageModel
  let options: StudioOptions
  /// The images to choose from, which have the model's size.
  let dataset: (any ImageDataset)?
  let runs: RunCatalog?
  let metrics = MetricsRegistry()
  let decoder = PictureDecoder()
  /// For reading requests and writing answers.
  private let workers = WorkerThreads(count: max(2, ProcessInfo.processInfo.activeProcessorCount), name: "requests")
  let bodies: BodyBudget

  init(model: ImageModel, options: StudioOptions, dataset: (any ImageDataset)?, runs: RunCatalog?) {
    self.model = model
    self.options = options
    self.dataset = dataset
    self.runs = runs
    bodies = BodyBudget(limit: Self.bodiesAtATime * options.bodyLimit)
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
