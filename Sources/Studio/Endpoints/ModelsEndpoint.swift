import Hummingbird
import Inference

extension Endpoint {
  static let models = Endpoint(.get, "/v1/models", Studio.models) { _ in
    Operation("The model: its shape, labels, attributes and limits", answers: [MediaType.json: ModelsAnswer.schema])
  }
}

extension Studio {
  func models(_ request: Request, _ context: StudioContext) -> Response {
    let limits = ModelsAnswer.Limits(
      count: options.countLimit, images: options.imageLimit, bytes: options.bodyLimit, pixels: options.pixelLimit)
    let data = dataset.map { ModelsAnswer.Images(name: $0.name, split: $0.split.rawValue, count: $0.count) }
    let model = ModelsAnswer.Model(
      description: model.description, limits: limits, data: data, reference: model.state.reference)
    return Response(json: ModelsAnswer(models: [model]))
  }
}

private struct ModelsAnswer: Encodable {
  var models: [Model]

  static let schema = Schema.answer(["models": .list(of: Model.schema, count: 1...1)]).called("Models")

  struct Limits: Encodable {
    /// The most images that are drawn for a request.
    var count: Int
    /// The most images that a request brings.
    var images: Int
    var bytes: Int
    var pixels: Int

    static let schema = Schema.answer(["count": .whole, "images": .whole, "bytes": .whole, "pixels": .whole])
  }

  struct Images: Encodable {
    var name: String
    var split: String
    var count: Int

    static let schema = Schema.answer(["name": .text, "split": .text, "count": .whole])
  }

  /// The description's fields, and others beside them.
  struct Model: Encodable {
    var description: ModelDescription
    var limits: Limits
    var data: Images?
    var reference: ModelActivity.Reference?

    private enum CodingKeys: CodingKey { case limits, data, reference }

    func encode(to encoder: any Encoder) throws {
      try description.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(limits, forKey: .limits)
      try container.encodeIfPresent(data, forKey: .data)
      try container.encodeIfPresent(reference, forKey: .reference)
    }

    static let schema = Schema.answer(
      [
        "name": .text, "kind": .text, "summary": .text, "width": .whole, "height": .whole, "channels": .whole,
        "bits": .whole, "parameters": .whole,
        "latentShapes": .list(of: .list(of: .whole, count: 3...3), count: 1...16), "labels": .list(of: .text),
        "attributes": .list(of: attribute), "limits": Limits.schema,
      ], optional: ["data": Images.schema, "reference": ModelActivity.Reference.schema])

    private static let attribute = Schema.answer(
      ["name": .text, "with": .whole, "without": .whole], optional: ["areaUnderROC": .real])
  }
}

extension ModelActivity.Reference {
  static let schema = Schema.answer(["name": .text, "count": .whole])
}
