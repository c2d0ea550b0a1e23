import Analysis
import Files
import Foundation
import Hummingbird
import Imaging
import Inference

extension Endpoint {
  static let models = Endpoint("listModels", .get, "/v1/models", Studio.listModels) { studio in
    Operation(
      "The models: their shapes, labels, attributes and limits; the first is meant where a request names none",
      answers: [MediaType.json: ModelsAnswer.schema(count: studio.library.names.count)])
  }

  static let model = Endpoint("getModel", forModel: .get, "/v1/model", Studio.getModel) { _ in
    Operation("One of the models, which is loaded", answers: [MediaType.json: ModelsAnswer.Model.schema])
  }

  static let modelPicture = Endpoint("getModelPicture", forModel: .get, "/v1/model/picture", Studio.modelPicture) { _ in
    Operation("Nine samples of one of the models", answers: [MediaType.png: .file])
  }
}

extension Studio {
  func listModels(_ request: Request, _ context: StudioContext) -> Response {
    Response(json: ModelsAnswer(models: library.all.map { model($0.card, $0.model) }))
  }

  func getModel(_ request: Request, _ context: StudioContext) throws -> Response {
    guard let own = library.all.first(where: { $0.card.description.name == served.name }) else {
      throw Problem(.notFound, "there is no model \(served.name) any more")
    }
    return Response(json: model(own.card, served))
  }

  private func model(_ card: ModelCard, _ loaded: StudioModel?) -> ModelsAnswer.Model {
    let limits = ModelsAnswer.Limits(
      count: options.countLimit, images: options.imageLimit, bytes: options.bodyLimit, pixels: options.pixelLimit)
    return ModelsAnswer.Model(
      description: loaded?.description ?? card.description, isLoaded: loaded != nil, limits: limits,
      card: .init(
        bytes: card.bytes, trainedOn: card.trainedOn, trainedImages: card.trainedImages,
        bitsPerDimension: card.bitsPerDimension),
      data: loaded?.dataset.map { .init(name: $0.name, split: $0.split.rawValue, count: $0.count) },
      reference: loaded?.model.state.reference)
  }

  /// Each model's are always the same.
  func modelPicture(_ request: Request, _ context: StudioContext) async throws -> Response {
    let picture = try await working(context) {
      let drawn = try await model.sample(count: 9)
      return try PixelImage.grid(drawn.pictures, columns: 3).png()
    }
    var response = Response(MediaType.png, ByteBuffer(data: picture))
    response.headers[.cacheControl] = "private, max-age=600"
    return response
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

  struct Card: Encodable {
    /// Of the weights.
    var bytes: Int
    var trainedOn: String?
    var trainedImages: Int?
    /// On validation images.
    var bitsPerDimension: Double?

    static let schema = Schema.answer(
      ["bytes": .whole], optional: ["trainedOn": .text, "trainedImages": .whole, "bitsPerDimension": .real]
    ).called("ModelCard")
  }

  /// The description's fields, and others beside them.
  struct Model: Encodable {
    var description: ModelDescription
    /// Before it is, its attributes are not known.
    var isLoaded: Bool
    var limits: Limits
    var card: Card
    var data: Images?
    var reference: ModelActivity.Reference?

    private enum CodingKeys: CodingKey { case isLoaded, limits, card, data, reference }

    func encode(to encoder: any Encoder) throws {
      try description.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(isLoaded, forKey: .isLoaded)
      try container.encode(limits, forKey: .limits)
      try container.encode(card, forKey: .card)
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
        "turned": turned, "isLoaded": .flag, "limits": Limits.schema, "card": Card.schema,
      ],
      optional: [
        "attributesProblem": attributesProblem, "data": Images.schema, "reference": ModelActivity.Reference.schema,
      ]
    ).called("Model")

    private static let attribute = Schema.answer(
      ["name": .text, "with": .whole, "without": .whole, "areasUnderROC": areas], optional: ["areaUnderROC": .real]
    ).called("Attribute")

    private static let turned = Schema(["type": "object", "additionalProperties": shares])
      .described(
        as:
          "The share of pictures in which a judge sees an attribute that an edit gave: by the kind of edit, then by attribute"
      )

    private static let shares: JSONValue = ["type": "object", "additionalProperties": ["type": "number"]]

    /// By the kind of the direction; those that were measured.
    private static let areas = Schema.answer(
      [:], optional: Dictionary(uniqueKeysWithValues: AttributeDirections.Kind.allCases.map { ($0.rawValue, .real) }))

    private static let attributesProblem = Schema.answer(
      ["kind": .choice(ModelDescription.AttributesProblem.Kind.self), "detail": .text], optional: ["command": .text]
    ).described(as: "Why the model has no attributes; missing where it has some").called("AttributesProblem")
  }
}

extension ModelActivity.Reference {
  static let schema = Schema.answer(["name": .text, "count": .whole, "bitsPerDimension": .real])
}
