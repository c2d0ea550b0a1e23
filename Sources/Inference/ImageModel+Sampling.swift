import ModelImages
import FlowModels
import Imaging
import Torch

extension ImageModel {
  /// Draws pictures.
  /// - Parameters:
  ///   - temperatures: what the standard deviation of every prior is multiplied by: one, or one a level, the finest first.
  ///   - labels: of a conditional model, by number, taken in turn; without any, all in turn.
  ///   - conditions: of a model that is told attributes: what it is told, by the attribute's name: -1 without it, 1 with it, up to
  ///     10 of either to exaggerate.
  ///   - others: how strongly it is told the other attributes, each picture those of an image of the training; 0 for not at all.
  ///   - seed: picture i depends on the seed and i alone.
  /// - Throws: ``InferenceError``.
  public nonisolated func sample(
    count: Int = 1, temperatures: [Double] = [0.7], labels: [Int]? = nil, conditions: [String: Double] = [:],
    others: Double = AttributeStrength.ofOthers, seed: UInt64 = 0
  ) async throws -> Drawn {
    try check(count, "count")
    try check(labels)
    let told = try drawn(under: self.labels(labels, count: count), conditions, others, 0..<count, seed: seed)
    let temperatures = try perLevel(temperatures)
    return try await admitting(count) { this in
      let latents = try this.model.noise(count: count, using: Generator(seed: seed)).scaled(by: temperatures)
      return try await this.decoded(latents, conditions: this.rows(of: told))
    }
  }

  /// As ``sample(count:temperatures:labels:conditions:others:seed:)``, with the pictures as they are made: a few at a time, or one
  /// where they take long.
  /// - Parameter onDrawn: is given the number of the first, and the pictures.
  public nonisolated func sample(
    count: Int = 1, temperatures: [Double] = [0.7], labels: [Int]? = nil, conditions: [String: Double] = [:],
    others: Double = AttributeStrength.ofOthers, seed: UInt64 = 0,
    onDrawn: @Sendable (_ first: Int, _ pictures: Drawn) async throws -> Void
  ) async throws {
    try check(count, "count")
    try check(labels)
    let told = try drawn(under: self.labels(labels, count: count), conditions, others, 0..<count, seed: seed)
    let temperatures = try perLevel(temperatures)
    try await admitting(count) { this in
      let latents = try this.model.noise(count: count, using: Generator(seed: seed)).scaled(by: temperatures)
      var start = 0
      while start < count {
        let range = start..<start + this.activity.value.nextPiece(of: count - start)
        let conditions = try this.rows(of: Array(told[range]))
        let pictures = try await this.decoded(latents.images(range), conditions: conditions)
        try await onDrawn(start, pictures)
        start = range.upperBound
      }
    }
  }

  /// What the model is told of samples.
  private nonisolated func drawn(
    under labels: [Int]?, _ conditions: [String: Double], _ others: Double, _ samples: Range<Int>, seed: UInt64
  ) throws -> [Condition] {
    let row = try row(of: conditions)
    guard (0...AttributeStrength.range.upperBound).contains(others) else {
      throw request("others", "is \(others), expected 0 to \(AttributeStrength.range.upperBound.formatted())")
    }
    guard !row.isEmpty else {
      return labels.map { $0.map(Condition.label) } ?? Array(repeating: .none, count: samples.count)
    }
    let changes = row.enumerated().filter { $1 != 0 }.map { (attribute: $0, strength: Double($1)) }
    let drawn = configuration.drawnAttributes(samples, seed: seed, others: others, telling: changes)
    return drawn?.map(Condition.attributes) ?? Array(repeating: .attributes(row), count: samples.count)
  }

  /// What variations are of.
  public enum Origin: Sendable {
    /// - Parameter label: nil for that under which the picture is most likely.
    case picture(PixelImage, label: Int? = nil)
    /// Picture `index` of ``ImageModel/sample(count:temperatures:labels:conditions:others:seed:)``.
    case sample(
      index: Int, temperatures: [Double], label: Int?, conditions: [String: Double] = [:],
      others: Double = AttributeStrength.ofOthers, seed: UInt64)
  }

  /// Pictures that share some levels' latents with one picture, and have new ones in the others.
  /// - Parameters:
  ///   - levels: those drawn anew, 1 the finest.
  ///   - temperatures: of what is drawn anew.
  ///   - seed: variation i depends on the seed and i alone; a level that is drawn anew in two calls is the same in both.
  /// - Throws: ``InferenceError``.
  public nonisolated func variations(
    of origin: Origin, redrawing levels: Set<Int>, count: Int = 1, temperatures: [Double] = [0.7], seed: UInt64 = 0
  ) async throws -> Drawn {
    try check(count, "count")
    if let wrong = levels.sorted().first(where: { !(1...description.levels).contains($0) }) {
      throw request("levels", "has \(wrong), expected 1 to \(description.levels)")
    }
    let temperatures = try perLevel(temperatures)
    switch origin {
    case .picture(_, let label): try check(label.map { [$0] })
    case .sample(let index, _, let label, let conditions, _, _):
      try check(label.map { [$0] })
      _ = try row(of: conditions)
      guard (0..<Self.mostSamples).contains(index) else {
        throw request("index", "is \(index), expected 0 to \(Self.mostSamples - 1)")
      }
    }
    return try await admitting(count) { this in
      let (kept, condition) = try await this.latents(of: origin)
      var drawn = try this.model.noise(count: count, using: Generator(seed: seed)).scaled(by: temperatures)
      for level in drawn.levels.indices where !levels.contains(level + 1) {
        drawn.levels[level] = try kept.levels[level].expanded(to: drawn.levels[level].shape).contiguous()
      }
      return try await this.decoded(drawn, conditions: this.rows(of: Array(repeating: condition, count: count)))
    }
  }

  /// The latents of one image, and what the model is told of it.
  private func latents(of origin: Origin) async throws -> (Latents, Condition) {
    switch origin {
    case .picture(let picture, let label):
      let (latents, own) = try await encoded(fitted([picture]), under: conditions(of: [label], count: 1))
      return (latents, own[0])
    case .sample(let index, let temperatures, let label, let conditions, let others, let seed):
      let generator = try Generator(seed: seed)
      // Those before it are drawn, as in a grid, and not kept.
      for _ in 0..<index {
        _ = try model.noise(count: 1, using: generator)
        // Others have their turns, and the caller may be gone.
        await Task.yield()
        try Task.checkCancellation()
      }
      let latents = try model.noise(count: 1, using: generator).scaled(by: perLevel(temperatures))
      let labels = labels(label.map { [$0] }, count: index + 1).map { [$0[index]] }
      return (latents, try drawn(under: labels, conditions, others, index..<index + 1, seed: seed)[0])
    }
  }

  /// A sample is found again by drawing all before it.
  public static let mostSamples = 4096
}
