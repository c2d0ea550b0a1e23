import Analysis
import Inference
import Synchronization
import Torch

/// The models that are served: loaded when a request needs them, and given up, the one that was asked for longest ago first, where
/// all together would take more memory than they may. The first is always there.
final class ModelLibrary: Sendable {
  private struct Place {
    let source: StudioModelSource
    var model: StudioModel?
    var loading: Task<StudioModel, any Error>?
    var scoring: Task<Void, Never>?
    /// Of a model that was given up: scoring takes long.
    var reference: HeldReference?
    var lastUse = 0
  }

  private struct State {
    var places: [Place]
    var uses = 0
    /// Of models that were given up.
    var batches = 0
    var images = 0
  }

  let first: StudioModel
  private let memory: Int
  private let state: Mutex<State>

  /// - Parameters:
  ///   - first: is loaded.
  ///   - loaded: others that are.
  ///   - sources: of each model, that of the first included, in the order in which they are listed.
  ///   - memory: what all may take together, in bytes.
  init(_ first: StudioModel, loaded: [StudioModel] = [], sources: [StudioModelSource], memory: Int = .max) {
    (self.first, self.memory) = (first, memory)
    let there = [first] + loaded
    state = Mutex(
      State(places: sources.map { source in Place(source: source, model: there.first { $0.name == source.name }) }))
    for index in sources.indices { startScoring(index) }
  }

  /// Of models that are loaded and stay.
  convenience init(_ models: [StudioModel]) {
    self.init(
      models[0], loaded: Array(models.dropFirst()),
      sources: models.map { model in
        StudioModelSource(ModelCard(of: model)) { _ in model }
      })
  }

  var names: [String] { state.withLock { $0.places.map(\.source.name) } }

  /// Each with its model where that is loaded.
  var all: [(card: ModelCard, model: StudioModel?)] {
    state.withLock { state in state.places.map { ($0.source.card, $0.model) } }
  }

  /// Those that are loaded.
  var loaded: [StudioModel] { state.withLock { $0.places.compactMap(\.model) } }

  /// Passes and images of all models since the start.
  var work: (batches: Int, images: Int) {
    state.withLock { state in
      state.places.compactMap { $0.model?.model.state }.reduce(into: (state.batches, state.images)) { sum, activity in
        sum.0 += activity.batches
        sum.1 += activity.images
      }
    }
  }

  /// Loads the model if it is not there.
  /// - Returns: nil where there is none of the name.
  /// - Throws: what loading it throws.
  func model(named name: String) async throws -> StudioModel? {
    guard let index = names.firstIndex(of: name) else { return nil }
    let found: Task<StudioModel, any Error> = state.withLock { state in
      state.uses += 1
      state.places[index].lastUse = state.uses
      if let model = state.places[index].model { return Task { model } }
      if let loading = state.places[index].loading { return loading }
      let (load, neighbor) = (state.places[index].source.load, first.model)
      let loading = Task { try await load(neighbor) }
      state.places[index].loading = loading
      return loading
    }
    let result = await found.result
    let isNew = state.withLock { state in
      guard state.places[index].loading == found else { return false }
      state.places[index].loading = nil
      state.places[index].model = try? result.get()
      return state.places[index].model != nil
    }
    if isNew {
      await makeRoom(keeping: index)
      startScoring(index)
    }
    return try result.get()
  }

  /// Models under way are not given up, so that for a while there may be more than fit.
  private func makeRoom(keeping kept: Int) async {
    let gone = state.withLock { state -> [(index: Int, model: StudioModel)] in
      var gone: [(index: Int, model: StudioModel)] = []
      func sum() -> Int { state.places.reduce(0) { $1.model == nil ? $0 : $0 + $1.source.card.loadedBytes } }
      while sum() > memory {
        let free = state.places.indices.filter { index in
          guard let model = state.places[index].model, index != kept, model.name != first.name else { return false }
          return model.model.state.imagesUnderWay == 0 || state.places[index].scoring != nil
        }
        guard let oldest = free.min(by: { state.places[$0].lastUse < state.places[$1].lastUse }) else { break }
        let model = state.places[oldest].model!
        gone.append((oldest, model))
        state.places[oldest].scoring?.cancel()
        (state.places[oldest].model, state.places[oldest].scoring) = (nil, nil)
        state.batches += model.model.state.batches
        state.images += model.model.state.images
      }
      return gone
    }
    for (index, model) in gone {
      let reference = await model.model.heldReference
      state.withLock { $0.places[index].reference = reference ?? $0.places[index].reference }
    }
    if !gone.isEmpty { Runtime.returnFreedMemory() }
  }

  private func startScoring(_ index: Int) {
    state.withLock { state in
      guard let model = state.places[index].model else { return }
      let (reference, score) = (state.places[index].reference, state.places[index].source.scoreReference)
      state.places[index].scoring = Task {
        if let reference { await model.model.hold(against: reference) } else { await score?(model.model) }
        self.endScoring(index, of: model)
      }
    }
  }

  private func endScoring(_ index: Int, of model: StudioModel) {
    state.withLock { if $0.places[index].model?.model === model.model { $0.places[index].scoring = nil } }
  }

  /// Waits until libtorch is at rest.
  func rest() async {
    let (tasks, models) = state.withLock { state in
      (state.places.compactMap(\.scoring), state.places.compactMap(\.model))
    }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    for model in models { await model.model.rest() }
  }
}

extension ModelCard {
  /// Of one that is loaded.
  init(of model: StudioModel) {
    description = model.description
    (bytes, trainedOn, trainedImages, bitsPerDimension) = (4 * model.description.parameters, nil, nil, nil)
  }
}
