import Analysis
import Codec
import FlowModels
import Foundation
import Imaging
import Safetensors
import Torch

/// A trained model that answers callers from any task: pictures in, pictures out.
///
/// All of libtorch runs on one thread of its own. What callers ask for at the same time goes through the model in one batch
/// (``BatchLimits``); a caller that is cancelled while it waits costs nothing more. Pictures of another size than the model's
/// are cropped in the middle to its aspect and resized (``fitted(_:)``).
///
/// ```swift
/// let model = try await ImageModel("runs/faces", attributes: URL(filePath: "runs/faces/attributes.safetensors"))
/// let smiling = try await model.edit([picture], by: ["Smiling": 1])[0]
/// ```
public actor ImageModel {
  /// The model's name, size, labels and attributes, which never change.
  public nonisolated let description: ModelDescription
  /// How the work of concurrent callers is put together.
  public nonisolated let limits: BatchLimits
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private nonisolated let thread: DedicatedThread
  nonisolated let activity: ActivityRecord
  nonisolated let configuration: any FlowConfiguration
  let model: any FlowModel
  let directions: AttributeDirections?
  var cache: LatentCache
  var reference: ReferenceScores?
  /// Once it was asked for.
  private var fingerprint: String?
  /// Once it was asked for.
  private var code: FlowCode?
  private let batcher: Batcher
  private var turn: Task<Void, Never>?

  /// Loads a model.
  /// - Parameters:
  ///   - location: a run folder, of which the newest checkpoint is taken, a model folder, or the name of a shipped model.
  ///   - folder: the model folder to read, where `location` is a run and another checkpoint than the newest is meant.
  ///   - attributes: directions that `glow attributes fit` found in this model, for ``edit(_:by:along:labels:as:telling:known:)``.
  ///   - findsAttributes: whether to look for them, without `attributes`, in `attributes.safetensors` in the model's or the
  ///     run's folder. Such a file that is not the model's is no error: `description.attributesProblem` says why.
  ///   - neighbor: a model whose thread this one shares. libtorch keeps a pool of threads for every thread that calls it,
  ///     and two pools on the same cores hold each other up; so models in one process take turns.
  /// - Throws: `ModelError`, `AnalysisError` or `SafetensorsError`, naming the file and what is wrong with it;
  ///   ``InferenceError`` for a model whose images have neither 1 nor 3 channels.
  public init(
    _ location: String, from folder: URL? = nil, attributes: URL? = nil, findsAttributes: Bool = false,
    device: Device = .cpu, limits: BatchLimits = BatchLimits(), sharingThreadOf neighbor: ImageModel? = nil
  ) async throws {
    thread = neighbor?.thread ?? DedicatedThread(name: "model")
    let files = AttributesSearch(location: location, file: attributes, isLooking: findsAttributes)
    let loaded = try await Loader(thread).load(location, folder, files, device)
    self.limits = limits
    model = loaded.model
    configuration = loaded.model.configuration
    directions = loaded.directions
    description = ModelDescription(
      name: loaded.name, loaded.model, loaded.directions, loaded.attributesProblem, turned: loaded.turned)
    activity = ActivityRecord(queue: limits.queue)
    batcher = Batcher(loaded.model, limits, activity)
    cache = LatentCache(capacity: limits.cachedImages, bytesPerImage: 4 * loaded.model.configuration.dimensions)
  }

  private struct Loaded: @unchecked Sendable {
    let name: String
    let model: any FlowModel
    let directions: AttributeDirections?
    let attributesProblem: ModelDescription.AttributesProblem?
    let turned: [String: [String: Double]]
  }

  /// Does on the thread what comes before there is a model.
  private actor Loader {
    private nonisolated let thread: DedicatedThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ thread: DedicatedThread) { self.thread = thread }

    func load(
      _ location: String, _ folder: URL?, _ attributes: AttributesSearch, _ device: Device
    ) throws -> Loaded {
      let folder = try folder ?? ModelLocation.resolve(location)
      let model = try ModelFolder.read(folder, options: TensorOptions(.float32, on: device))
      guard [1, 3].contains(model.configuration.channels) else {
        throw InferenceError.request(
          field: location, problem: "takes images of \(model.configuration.channels) channels, pictures have 1 or 3")
      }
      let (directions, problem) = try attributes.directions(of: model, in: folder)
      return Loaded(
        name: URL(filePath: location).lastPathComponent, model: model, directions: directions,
        attributesProblem: problem, turned: try JudgeFile.turned(in: AttributesSearch.places(around: folder)))
    }
  }

  /// By which files of latents know the model.
  func knownFingerprint() throws -> String {
    if let fingerprint { return fingerprint }
    let digits = try model.roundedFingerprint()
    fingerprint = digits
    return digits
  }

  /// By which archives are written.
  func flowCode() throws -> FlowCode {
    if let code { return code }
    let made = try FlowCode(model.blueprint())
    code = made
    return made
  }

  /// What the model does and has done, without waiting for it.
  public nonisolated var state: ModelActivity { activity.value }

  /// The picture as the model takes it, and whether that is another than it was.
  public nonisolated func fitted(_ picture: PixelImage) -> (picture: PixelImage, isChanged: Bool) {
    let converted = picture.converted(toChannels: description.channels)
    guard picture.width != description.width || picture.height != description.height else { return (converted, false) }
    return (converted.fitted(width: description.width, height: description.height), true)
  }

  /// Runs `body` on the model's thread as the work of so many images.
  /// - Throws: ``InferenceError/busy(seconds:)``; what `body` throws.
  nonisolated func admitting<R: Sendable>(
    _ count: Int, _ body: @Sendable (isolated ImageModel) async throws -> R
  ) async throws -> R {
    try await activity.admitting(count) { try await body(self) }
  }

  /// Runs `rows` through the model, in one batch with those of other callers, in pieces of about half a second.
  /// - Throws: `CancellationError` when the task is cancelled, also in the middle of a piece; what the model throws.
  func run(_ pass: Pass, _ rows: Rows) async throws -> Rows {
    try Task.checkCancellation()
    let ticket = Ticket()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        batcher.append(ticket, pass, rows, whenDone: continuation)
        takeTurnLater(after: batcher.isFull ? .zero : limits.wait)
      }
    } onCancel: {
      ticket.cancel()
      Task { await self.removeCancelled() }
    }
  }

  private func removeCancelled() { batcher.removeCancelled() }

  /// Waits until the model's thread has done what was asked of it so far: of callers that are gone no more than the layer
  /// that it is in. The process may not end in the middle of libtorch's work.
  public func rest() {}

  /// Callers whose turn on the thread is before that one's are part of its batch.
  private func takeTurnLater(after wait: Duration) {
    guard wait == .zero || turn == nil else { return }
    turn?.cancel()
    turn = Task {
      if wait > .zero { try? await Task.sleep(for: wait) }
      if !Task.isCancelled { self.takeTurn() }
    }
  }

  private func takeTurn() {
    turn = nil
    batcher.runPiece()
    if !batcher.isEmpty { takeTurnLater(after: .zero) }
  }
}
