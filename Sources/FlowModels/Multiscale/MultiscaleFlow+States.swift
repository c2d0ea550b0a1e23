import Flows
import Torch

extension MultiscaleFlow {
  /// What is in the flow at some place.
  private struct Content {
    /// What goes on through the layers.
    var y: Tensor
    /// What has left after each level before, as the flow made it and standardized.
    var latents: [(raw: Tensor, standardized: Tensor)] = []
  }

  public func states(of x: Tensor, labels: Tensor? = nil, atMost most: Int) throws -> FlowStates {
    try checkShape(x)
    return try withInference {
      let context = try context(labels, count: x.shape[0])
      let places = FlowPlace.chosen(of: levels.map { Self.steps(of: $0) }, atMost: most)
      var states = FlowStates(places: places, beginningAt: x)
      var content = Content(y: x)
      for (index, level) in levels.enumerated() {
        var step = 0
        for layer in level.chain.layers {
          content.y = try layer.forward(content.y, under: context, keep: false).y
          guard !(layer is Squeeze) else { continue }
          step += 1
          if places.contains(FlowPlace(level: index + 1, step: step)) { states.forward.append(try image(of: content)) }
        }
        if let split = level.split {
          let (kept, latent) = try split.divide(content.y)
          content.latents.append((latent, try split.distribution(given: kept, under: context).standardize(latent)))
          content.y = kept
        }
      }
      var top = content
      top.y = try prior.distribution(under: context).standardize(content.y)
      states.latents = try image(of: top)
      try goBack(from: content, under: context, &states)
      return states
    }
  }

  /// Fills in what is seen on the way back.
  private func goBack(from top: Content, under context: Context, _ states: inout FlowStates) throws {
    var content = top
    func note(_ place: FlowPlace) throws {
      guard let index = states.places.firstIndex(of: place) else { return }
      let seen = try image(of: content)
      states.back.append(seen)
      states.errors.append(try (seen - states.forward[index]).magnitude().maximum().item())
    }
    for (index, level) in levels.enumerated().reversed() {
      if let split = level.split { content.y = try split.join(content.y, content.latents.removeLast().raw) }
      var step = Self.steps(of: level)
      for layer in level.chain.layers.reversed() {
        if !(layer is Squeeze) {
          try note(FlowPlace(level: index + 1, step: step))
          step -= 1
        }
        content.y = try layer.inverse(content.y, under: context)
      }
    }
    try note(FlowPlace(level: 0, step: 0))
    states.reconstruction = content.y
  }

  /// Squeezes move numbers and change none.
  private static func steps(of level: Level) -> Int { level.chain.layers.count { !($0 is Squeeze) } }

  /// As an image: the latents that have left are put back beside what goes on, and what was squeezed is spread out again.
  private func image(of content: Content) throws -> Tensor {
    var y = content.y
    for latent in content.latents.reversed() {
      y = try .concatenating(
        [unsqueezed(y, toHeight: latent.raw.shape[1]), latent.standardized], alongDimension: -1)
    }
    return try unsqueezed(y, toHeight: configuration.height)
  }

  private func unsqueezed(_ y: Tensor, toHeight height: Int) throws -> Tensor {
    var y = y
    while y.shape[1] < height { y = try Squeeze().inverse(y) }
    return y
  }
}
