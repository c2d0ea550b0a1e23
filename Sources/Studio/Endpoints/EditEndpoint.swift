import Analysis
import Files
import Hummingbird
import Inference

extension Endpoint {
  static let edit = Endpoint("edit", forModel: .post, "/v1/edit", Studio.edit) { studio in
    Operation(
      "Images with attributes changed", body: studio.editBody, example: studio.editExample,
      answers: PicturesAnswer.types)
  }
}

extension Studio {
  private static let strengths = -10.0...10.0

  func edit(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: PictureRequest) in
      let pictures = asked.pictures
      var fields = asked.fields
      let label = try label(&fields)
      let direction = try fields.choice("direction", AttributeDirections.Kind.self) ?? .mean
      let (strengths, conditions) = (try strengths(&fields), try conditions(&fields))
      try fields.finish()
      let edited = try await model.edit(
        pictures.map(\.picture), by: strengths, along: direction, labels: pictures.map(\.label), as: label,
        telling: conditions, known: pictures.map(\.conditions))
      return try answer(edited, to: request, inputs: pictures)
    }
  }

  private func strengths(_ fields: inout RequestFields) throws -> [String: Double] {
    let reason = model.description.attributesProblem.map { ", which has none: \($0.detail)" } ?? ""
    return try fields.numbers(
      "edits", by: attributeNames, of: "attribute of the model\(reason)", in: Self.strengths) ?? [:]
  }

  private var attributeNames: [String] { model.description.attributes.map(\.name) }

  fileprivate var editExample: JSONValue {
    let edits = attributeNames.first.map { [$0: JSONValue.number(1)] } ?? [:]
    return ["images": [exampleImage], "edits": .object(edits)]
  }

  fileprivate var editBody: [String: Schema] {
    let edits = Dictionary(attributeNames.map { ($0, Schema.real(Self.strengths)) }) { $1 }
    return pictureBody([
      "edits": .object(edits), "direction": .choice(AttributeDirections.Kind.self), "label": labelSchema,
      "conditions": conditionsSchema,
    ])
  }
}
