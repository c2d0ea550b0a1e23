import Foundation
import Imaging
import Inference

/// Decodes pictures on threads of its own, half as many as there are cores, in the order of a ``PictureQueue``.
struct PictureDecoder: Sendable {
  /// A picture as it was sent.
  struct Source: Sendable {
    let bytes: [UInt8]
    /// What errors call the picture.
    let name: String
    /// Nil where the request is nothing but the picture.
    let field: String?
  }

  private let threads: WorkerThreads
  private let queue: PictureQueue

  /// Pictures of the largest size that one may wait for, or many more of the usual.
  private static let picturesAhead = 16

  /// - Parameter pixelLimit: the pixels that the pictures of a request may have.
  init(pixelLimit: Int) {
    let count = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
    threads = WorkerThreads(count: count, name: "pictures")
    queue = PictureQueue(places: count, limit: Self.picturesAhead * pixelLimit)
  }

  /// - Parameters:
  ///   - budget: the pixels of this one are taken from it.
  ///   - deadline: is told while the picture waits for others.
  /// - Throws: ``Problem``; `CancellationError`, also in the middle of a picture.
  func input(
    _ source: Source, label: Int?, for model: ImageModel, budget: inout PixelBudget, _ deadline: WorkDeadline
  ) async throws -> PictureInput {
    let allowed = budget
    let pixels = try Self.describing(source, allowed) {
      let header = try source.bytes.withUnsafeBufferPointer {
        try ImageHeader(of: $0, name: source.name, pixelLimit: allowed.rest)
      }
      return header.width * header.height
    }
    deadline.isWaiting = true
    defer { deadline.isWaiting = false }
    let input = try await Self.describingQueue {
      try await queue.turn(for: pixels) {
        deadline.isWaiting = false
        return try await decoded(source, label, model, allowed)
      }
    }
    budget.take(input.width * input.height)
    return input
  }

  private func decoded(
    _ source: Source, _ label: Int?, _ model: ImageModel, _ budget: PixelBudget
  ) async throws -> PictureInput {
    try await withTaskExecutorPreference(threads) {
      try Task.checkCancellation()
      let picture = try Self.describing(source, budget) {
        try PixelImage(
          decoding: source.bytes, name: source.name, pixelLimit: budget.rest, isCancelled: { Task.isCancelled })
      }
      try Task.checkCancellation()
      let (fitted, isChanged) = model.fitted(picture)
      return PictureInput(
        picture: fitted, width: picture.width, height: picture.height, isFitted: isChanged, label: label)
    }
  }

  private static func describing<R>(_ source: Source, _ budget: PixelBudget, _ work: () throws -> R) throws -> R {
    do { return try work() } catch ImagingError.tooLarge(_, let width, let height, _) {
      let excess = budget.excess(width: width, height: height)
      throw Problem(.unprocessableContent, "\(source.name): \(excess)", field: source.field)
    } catch let error as ImagingError {
      throw Problem(.unprocessableContent, "\(error)", field: source.field)
    }
  }

  private static func describingQueue<R>(_ work: () async throws -> R) async throws -> R {
    do { return try await work() } catch let full as PictureQueue.Full {
      let millions = (Double(full.pixelsAhead) / 1e6).rounded()
      var problem = Problem(
        .tooManyRequests,
        "pictures of \(Int(millions)) million pixels wait to be decoded before this one: try again later")
      problem.retryAfter = min(60, max(1, Int(full.seconds.rounded(.up))))
      throw problem
    }
  }
}
