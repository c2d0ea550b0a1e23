import Analysis
import Hummingbird
import Inference

extension Endpoint {
  static let edit = Endpoint(.post, "/v1/edit", Studio.edit) { studio in
    Operation("Images with attributes changed", body: studio.editBody, answers: PicturesAnswer.types)
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
      throw Problem(.badRequest, "edits.\(stranger) is no attribute of the model", field: "edits.\(stranger)")
    }
    let result = try await working(context) {
      try await model.edit(
        pictures.map(\.picture), by: strengths, along: direction, labels: pictures.map(\.label), as: label)
    }
    return try await answer(result, to: request, context, inputs: pictures)
  }

  private var attributeNames: [String] { model.description.attributes.map(\.name) }

  fileprivate var editBody: [String: Schema] {
    let edits = Dictionary(attributeNames.map { ($0, Schema.real(Self.strengths)) }) { $1 }
    return pictureBody([
      "edits": .object(edits), "direction": .choice(AttributeDirections.Kind.self), "label": labelSchema,
    ])
  }
}
