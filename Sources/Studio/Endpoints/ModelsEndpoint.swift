import Analysis
import Hummingbird
import Inference

extension Endpoint {
  static let models = Endpoint("listModels", .get, "/v1/models", Studio.listModels) { studio in
    Operation(
      "The models: their shapes, labels, attributes and limits; the first is meant where a request names none",
      answers: [MediaType.json: ModelsAnswer.schema(count: studio.models.count)])
  }
}

extension Studio {
  func listModels(_ request: Request, _ context: StudioContext) -> Response {
    let limits = ModelsAnswer.Limits(
      count: options.countLimit, images: options.imageLimit, bytes: options.bodyLimit, pixels: options.pixelLimit)
    let answers = models.map { served in
      ModelsAnswer.Model(
        description: served.description, limits: limits,
        data: served.dataset.map { .init(name: $0.name, split: $0.split.rawValue, count: $0.count) },
        reference: served.model.state.reference)
    }
    return Response(json: ModelsAnswer(models: answers))
  }
}

private struct ModelsAnswer: Encodable {
  var models: [Model]

  static func schema(count: Int) -> Schema {
    .answer(["models": .list(of: Model.schema, count: count...count)]).called("Models")
  }

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
        "conditions": .list(of: .text),
        "attributes": .list(of: attribute), "directions": .list(of: .choice(AttributeDirections.Kind.self)),
        "limits": Limits.schema,
      ],
      optional: [
        "attributesProblem": attributesProblem, "data": Images.schema, "reference": ModelActivity.Reference.schema,
      ]
    ).called("Model")

    private static let attribute = Schema.answer(
      ["name": .text, "with": .whole, "without": .whole, "areasUnderROC": areas], optional: ["areaUnderROC": .real]
    ).called("Attribute")

    /// By the kind of the direction; those that were measured.
    private static let areas = Schema.answer(
      [:], optional: Dictionary(uniqueKeysWithValues: AttributeDirections.Kind.allCases.map { ($0.rawValue, .real) }))

    private static let attributesProblem = Schema.answer(
      ["kind": .choice(ModelDescription.AttributesProblem.Kind.self), "detail": .text], optional: ["command": .text]
    ).described(as: "Why the model has no attributes; missing where it has some").called("AttributesProblem")
  }
}

extension ModelActivity.Reference {
  static let schema = Schema.answer(["name": .text, "count": .whole])
}
