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
    var asked = try await pictureRequest(request, context)
    let label = try label(&asked.fields)
    let direction = try asked.fields.choice("direction", AttributeDirections.Kind.self) ?? .mean
    let strengths = try asked.fields.numbersByName("edits", in: Self.strengths) ?? [:]
    let pictures = try asked.finish()
    if let stranger = strengths.keys.sorted().first(where: { !attributeNames.contains($0) }) {
      let reason = model.description.attributesProblem.map { ", which has none: \($0.detail)" } ?? ""
      throw Problem(.badRequest, "edits.\(stranger) is no attribute of the model\(reason)", field: "edits.\(stranger)")
    }
    let result = try await working(context) {
      try await model.edit(
        pictures.map(\.picture), by: strengths, along: direction, labels: pictures.map(\.label), as: label)
    }
    return try await answer(result, to: request, context, inputs: pictures)
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
    ])
  }
}
