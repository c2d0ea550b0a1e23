import Files
import FlowModels
import Hummingbird
import Inference

extension Endpoint {
  static let interpolate = Endpoint("interpolate", forModel: .post, "/v1/interpolate", Studio.interpolate) { studio in
    Operation(
      "Images between images: along a path, or by weights", body: studio.interpolateBody,
      example: ["images": [studio.exampleImage, studio.exampleImage], "steps": 3],
      answers: PicturesAnswer.types)
  }
}

extension Studio {
  private static let steps = 2...64
  private static let weights = 0.0...1e6

  func interpolate(_ request: Request, _ context: StudioContext) async throws -> Response {
    var asked = try await pictureRequest(request, context)
    let count = asked.pictures.count
    guard count > 1 else {
      throw Problem(.badRequest, "images holds 1, expected 2 to \(options.imageLimit)", field: "images")
    }
    let path = try asked.fields.choice("path", LatentPath.Shape.self) ?? .spherical
    let weights = try weights(&asked.fields, count: count)
    let given = try asked.fields.integer("steps", in: Self.steps)
    let pictures = try asked.finish()
    guard weights == nil || given == nil else {
      throw Problem(.badRequest, "weights takes the place of steps: leave one of them out", field: "weights")
    }
    // The usual number, or as many as so many images leave room for.
    let steps = given ?? max(2, min(9, (options.countLimit - 1) / (count - 1) + 1))
    let results = (count - 1) * (steps - 1) + 1
    guard weights != nil || results <= options.countLimit else {
      throw Problem(
        .unprocessableContent, "steps makes \(results) images, expected at most \(options.countLimit)", field: "steps")
    }
    let result = try await working(context) {
      let (images, labels) = (pictures.map(\.picture), pictures.map(\.label))
      if let weights { return try await model.mix(images, weights: weights, along: path, labels: labels) }
      return try await model.interpolate(images, steps: steps, along: path, labels: labels)
    }
    return try await answer(result, to: request, context, columns: steps, inputs: pictures)
  }

  private func weights(_ fields: inout RequestFields, count: Int) throws -> [[Double]]? {
    try fields.list("weights", count: 1...options.countLimit, of: "rows")?.enumerated().map { number, row in
      var numbers: [Double] = []
      if case .array(let values) = row {
        numbers = values.compactMap { value in
          if case .number(let number) = value, Self.weights.contains(number) { number } else { nil }
        }
        if numbers.count != values.count { numbers = [] }
      }
      guard numbers.count == count, numbers.reduce(0, +) > 0 else {
        throw Problem(
          .unprocessableContent,
          "weights[\(number)] must be \(count) numbers of 0 or more, one for each image, not all 0",
          field: "weights[\(number)]")
      }
      return numbers
    }
  }

  fileprivate var interpolateBody: [String: Schema] {
    let path = Schema.choice(LatentPath.Shape.self)
    let row = Schema.list(of: .real(Self.weights), count: 2...options.imageLimit)
    let rows = Schema.list(of: row, count: 1...options.countLimit)
    return pictureBody(
      ["path": path, "weights": rows], or: ["path": path, "steps": .whole(Self.steps)], images: 2...options.imageLimit)
  }
}
