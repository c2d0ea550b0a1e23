import Hummingbird
import Imaging
import Inference
import ModelImages

extension Endpoint {
  static let sample = Endpoint("sample", forModel: .post, "/v1/sample", Studio.sample) { studio in
    Operation(
      "Draw images, or variations of one; images as they are made, as server-sent events",
      body: [MediaType.json: studio.sampleSchema], example: ["count": 4, "temperature": 0.7, "seed": 7],
      answers: PicturesAnswer.types.merging([MediaType.events: SampleStream.event]) { $1 })
  }
}

extension Studio {
  /// Numbers that JSON's readers all hold exactly.
  private static let seeds = 0...(1 << 53) - 1
  /// The samples that variations can be made of.
  private var indices: ClosedRange<Int> { 0...min(options.countLimit, ImageModel.mostSamples) - 1 }

  func sample(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: RequestFields) in
      var fields = asked
      let type = request.preferred(of: MediaType.json, MediaType.png, MediaType.events)
      if let like = try fields.object("like") {
        guard type != MediaType.events else {
          throw Problem(
            .notAcceptable, "variations do not come as events: accept \(MediaType.json) or \(MediaType.png)")
        }
        return try await answer(variations(of: like, &fields, context), to: request)
      }
      let asked = try samples(&fields)
      if type == MediaType.events {
        return SampleStream(asked, of: model).response(self, context)
      }
      let drawn = try await model.sample(
        count: asked.count, temperatures: asked.temperatures, labels: asked.labels, conditions: asked.conditions,
        others: asked.others, seed: asked.seed)
      return try answer(drawn, to: request, labels: model.labels(asked.labels, count: asked.count))
    }
  }

  private func samples(_ fields: inout RequestFields) throws -> SampleStream.Request {
    let labels = try labels(&fields, count: 1...options.countLimit)
    let count = try fields.integer("count", in: 1...options.countLimit) ?? labels?.count ?? 1
    if let given = labels?.count, given > count {
      throw Problem(.badRequest, "labels holds \(given), expected at most \(count), the count", field: "labels")
    }
    let (temperatures, seed) = (try temperatures(&fields), try seed(&fields))
    let (conditions, others) = (try conditions(&fields), try others(&fields))
    try fields.finish()
    return SampleStream.Request(
      count: count, temperatures: temperatures, labels: labels, conditions: conditions, others: others, seed: seed)
  }

  private func variations(
    of like: RequestFields, _ fields: inout RequestFields, _ context: StudioContext
  ) async throws -> Drawn {
    let levels = try levels(&fields)
    let count = try fields.integer("count", in: 1...options.countLimit) ?? 1
    let (temperatures, seed) = (try temperatures(&fields), try seed(&fields))
    try fields.finish()
    return try await model.variations(
      of: origin(like, context), redrawing: levels ?? [1], count: count, temperatures: temperatures, seed: seed)
  }

  private func levels(_ fields: inout RequestFields) throws -> Set<Int>? {
    let most = model.description.levels
    guard let levels = try fields.integers("levels", in: 1...most, count: 0...most) else { return nil }
    var seen: Set<Int> = []
    if let doubled = levels.first(where: { !seen.insert($0).inserted }) {
      throw Problem(.badRequest, "levels names \(doubled) more than once", field: "levels")
    }
    return seen
  }

  private func seed(_ fields: inout RequestFields) throws -> UInt64 {
    UInt64(try fields.integer("seed", in: Self.seeds) ?? 0)
  }

  private func temperatures(_ fields: inout RequestFields) throws -> [Double] {
    try fields.numbers("temperature", in: Temperatures.range, count: model.description.levels) ?? [0.7]
  }

  /// `{"image": ...}` or `{"sample": {"index": ..., "seed": ..., ...}}`.
  private func origin(_ like: RequestFields, _ context: StudioContext) async throws -> ImageModel.Origin {
    var like = like
    if let image = like.value("image") {
      try like.finish()
      var budget = PixelBudget(limit: options.pixelLimit)
      let input = try await input(image, at: like.name("image"), budget: &budget, context)
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
      conditions: try conditions(&sample), others: try others(&sample), seed: try seed(&sample))
    try sample.finish()
    return origin
  }

  fileprivate var sampleSchema: Schema {
    let levels = model.description.levels
    let one = Schema.real(Temperatures.range)
    let temperature = Schema.any(of: [one, .list(of: one, count: levels...levels)])
      .described(as: "Of all levels, or one a level, the finest first")
    let seed = Schema.whole(Self.seeds)
    let origin = Schema.object(
      [
        "index": .whole(indices), "seed": seed, "temperature": temperature, "label": labelSchema,
        "conditions": conditionsSchema, "others": othersSchema,
      ], required: ["index"]
    ).called("SampleOrigin")
    let like = Schema.one(of: [
      .object(["image": imageSchema], required: ["image"]), .object(["sample": origin], required: ["sample"]),
    ])
    let count = Schema.whole(1...options.countLimit)
    return Schema.any(of: [
      .object([
        "count": count, "temperature": temperature, "seed": seed,
        "labels": labelSchema.map { .list(of: $0, count: 1...options.countLimit) }, "conditions": conditionsSchema,
        "others": othersSchema,
      ]).called("Samples"),
      .object(
        [
          "count": count, "temperature": temperature, "seed": seed, "like": like,
          "levels": .set(of: .whole(1...levels), count: 0...levels),
        ], required: ["like"]
      ).called("Variations"),
    ]).called("Sample")
  }
}
