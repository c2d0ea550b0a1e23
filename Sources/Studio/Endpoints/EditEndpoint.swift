import Analysis
import Files
import Hummingbird
import Imaging
import Inference

extension Endpoint {
  static let edit = Endpoint("edit", forModel: .post, "/v1/edit", Studio.edit) { studio in
    Operation(
      "Images with attributes changed, each in one way or in several", body: studio.editBody,
      example: studio.editExample, answers: PicturesAnswer.types)
  }
}

extension Studio {
  private static let strengths = -10.0...10.0

  func edit(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: PictureRequest) in
      let pictures = asked.pictures
      var fields = asked.fields
      let label = try label(&fields)
      let direction = try direction(&fields)
      let (ways, conditions) = (try ways(&fields, images: pictures.count), try conditions(&fields))
      let isScored = try fields.flag("score") ?? false
      try fields.finish()
      let edited = try await model.edit(
        pictures.map(\.picture), byEach: ways, along: direction, labels: pictures.map(\.label), as: label,
        telling: conditions, known: pictures.map(\.conditions))
      let scores =
        isScored ? (try await scores(of: edited.pictures), try await scores(of: pictures.map(\.picture))) : nil
      return try answer(
        edited, to: request, columns: ways.count > 1 ? columns(of: ways.count) : PicturesAnswer.columns,
        inputs: pictures,
        scores: scores?.0, inputScores: scores?.1)
    }
  }

  private func scores(of pictures: [PixelImage]) async throws -> [PicturesAnswer.Score] {
    try await model.score(pictures).map { .init($0) }
  }

  /// As square as can be, with full rows where there are such.
  private func columns(of count: Int) -> Int {
    let side = Int(Double(count).squareRoot().rounded(.up))
    return (side...count).first { count % $0 == 0 && $0 < 2 * side } ?? side
  }

  func direction(_ fields: inout RequestFields) throws -> AttributeDirections.Kind {
    try fields.choice("direction", AttributeDirections.Kind.self) ?? .mean
  }

  /// One way, or a list of several.
  private func ways(_ fields: inout RequestFields, images: Int) throws -> [[String: Double]] {
    let ways =
      try fields.numbersOrList(
        "edits", by: attributeNames, of: strengthsName, in: Self.strengths, count: 1...options.countLimit) ?? [[:]]
    guard images * ways.count <= options.countLimit else {
      throw Problem(
        .unprocessableContent, "edits makes \(images * ways.count) images, expected at most \(options.countLimit)",
        field: "edits")
    }
    return ways
  }

  private var strengthsName: String {
    let reason = model.description.attributesProblem.map { ", which has none: \($0.detail)" } ?? ""
    return "attribute of the model\(reason)"
  }

  func strengths(_ fields: inout RequestFields) throws -> [String: Double] {
    try fields.numbers("edits", by: attributeNames, of: strengthsName, in: Self.strengths) ?? [:]
  }

  private var attributeNames: [String] { model.description.attributes.map(\.name) }

  fileprivate var editExample: JSONValue {
    let edits = attributeNames.first.map { [$0: JSONValue.number(1)] } ?? [:]
    return ["images": [exampleImage], "edits": .object(edits)]
  }

  /// Strengths by attribute.
  var editsSchema: Schema {
    .object(Dictionary(attributeNames.map { ($0, Schema.real(Self.strengths)) }) { $1 })
  }

  fileprivate var editBody: [String: Schema] {
    let ways = Schema.list(of: editsSchema, count: 1...options.countLimit)
      .described(as: "Each image in each of these ways: as many as images times ways, at most \(options.countLimit)")
    return pictureBody([
      "edits": .any(of: [editsSchema, ways]), "direction": .choice(AttributeDirections.Kind.self), "label": labelSchema,
      "conditions": conditionsSchema,
      "score": Schema.flag.described(as: "Whether to say how likely the images are, before and after"),
    ])
  }
}
