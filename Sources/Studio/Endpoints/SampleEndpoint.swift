import Files
import Hummingbird
import Inference

extension Studio {
  /// Numbers that JSON's readers all hold exactly.
  static let seeds = 0...(1 << 53) - 1
  static let temperatures = 0.0...2.0
  /// The indices of samples that can have variations.
  var indices: ClosedRange<Int> { 0...min(options.countLimit, ImageModel.mostSamples) - 1 }

  func sample(_ request: Request, _ context: StudioContext) async throws -> Response {
    var fields = try await fields(of: request, context)
    let count = try fields.integer("count", in: 1...options.countLimit) ?? 1
    let temperatures = try temperatures(&fields)
    let seed = UInt64(try fields.integer("seed", in: Self.seeds) ?? 0)
    if let like = try fields.object("like") {
      let levels = try fields.integers(
        "levels", in: 1...model.description.levels, count: 0...model.description.levels)
      try fields.finish()
      let pictures = try await working(context) {
        let origin = try await origin(like)
        return try await model.variations(
          of: origin, redrawing: Set(levels ?? [1]), count: count, temperatures: temperatures, seed: seed)
      }
      return try answer(pictures, to: request)
    }
    let labels = try labels(&fields, count: 1...options.countLimit)
    try fields.finish()
    let pictures = try await working(context) {
      try await model.sample(count: count, temperatures: temperatures, labels: labels, seed: seed)
    }
    let drawn = model.labels(labels, count: count)
    return try answer(pictures, to: request, with: drawn.map { ["labels": JSONValue($0)] } ?? [:])
  }

  private func temperatures(_ fields: inout RequestFields) throws -> [Double] {
    try fields.numbers("temperature", in: Self.temperatures, count: model.description.levels) ?? [0.7]
  }

  /// `{"image": ...}` or `{"sample": {"index": ..., "seed": ..., ...}}`.
  private func origin(_ like: RequestFields) async throws -> ImageModel.Origin {
    var like = like
    if let image = like.value("image") {
      try like.finish()
      var budget = options.pixelLimit
      let input = try await input(image, at: like.name("image"), budget: &budget)
      return .picture(input.picture, label: input.label)
    }
    guard var sample = try like.object("sample") else {
      throw Problem(.badRequest, "like has neither image nor sample, expected one of them", field: "like")
    }
    try like.finish()
    guard let index = try sample.integer("index", in: indices) else {
      throw Problem(.badRequest, "like.sample.index is missing", field: "like.sample.index")
    }
    let origin = ImageModel.Origin.sample(
      index: index, temperatures: try temperatures(&sample), label: try label(&sample),
      seed: UInt64(try sample.integer("seed", in: Self.seeds) ?? 0))
    try sample.finish()
    return origin
  }
}
