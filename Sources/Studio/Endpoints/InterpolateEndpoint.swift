import Analysis
import Files
import FlowModels
import Hummingbird
import Imaging
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
    try await answering(request, context) { (asked: PictureRequest) in
      let pictures = asked.pictures
      guard pictures.count > 1 else {
        throw Problem(.badRequest, "images holds 1, expected 2 to \(options.imageLimit)", field: "images")
      }
      var fields = asked.fields
      let path = try fields.choice("path", LatentPath.Shape.self) ?? .spherical
      let course = try course(&fields, images: pictures.count)
      let change = ImageModel.Change(
        by: try strengths(&fields), along: try direction(&fields), telling: try conditions(&fields))
      try fields.finish()
      let (images, labels) = (pictures.map(\.picture), pictures.map(\.label))
      switch course {
      case .weights(let rows):
        let mixes = try await model.mix(images, weights: rows, along: path, labels: labels, changing: change)
        return try answer(mixes, to: request, columns: usualSteps(images: images.count), inputs: pictures)
      case .steps(let steps):
        let between = try await model.interpolate(images, steps: steps, along: path, labels: labels, changing: change)
        return try answer(between, to: request, columns: steps, inputs: pictures)
      }
    }
  }

  private enum Course { case weights([[Double]]), steps(Int) }

  private func course(_ fields: inout RequestFields, images count: Int) throws -> Course {
    let weights = try weights(&fields, count: count)
    let given = try fields.integer("steps", in: Self.steps)
    if let weights {
      guard given == nil else {
        throw Problem(.badRequest, "weights takes the place of steps: leave one of them out", field: "weights")
      }
      return .weights(weights)
    }
    let steps = given ?? usualSteps(images: count)
    let results = (count - 1) * (steps - 1) + 1
    guard results <= options.countLimit else {
      throw Problem(
        .unprocessableContent, "steps makes \(results) images, expected at most \(options.countLimit)", field: "steps")
    }
    return .steps(steps)
  }

  /// Nine, or as many as so many images leave room for.
  private func usualSteps(images count: Int) -> Int { max(2, min(9, (options.countLimit - 1) / (count - 1) + 1)) }

  private func weights(_ fields: inout RequestFields, count: Int) throws -> [[Double]]? {
    try fields.list("weights", count: 1...options.countLimit, of: "rows")?.enumerated().map { number, row in
      try weights(row, at: "weights[\(number)]", count: count)
    }
  }

  /// The weights of one image of the answer.
  private func weights(_ row: JSONValue, at place: String, count: Int) throws -> [Double] {
    guard case .array(let values) = row, values.count == count else {
      throw Problem(
        .unprocessableContent, "\(place) is \(row.shown), expected a list of \(count), a number for each image",
        field: place)
    }
    let numbers = try values.enumerated().map { image, value in
      guard case .number(let number) = value, Self.weights.contains(number) else {
        let (least, most) = (JSONValue.number(Self.weights.lowerBound), JSONValue.number(Self.weights.upperBound))
        throw Problem(
          .unprocessableContent,
          "\(place)[\(image)] is \(value.shown), expected a number from \(least.shown) to \(most.shown)",
          field: "\(place)[\(image)]")
      }
      return number
    }
    guard numbers.reduce(0, +) > 0 else {
      throw Problem(.unprocessableContent, "\(place) holds nothing but 0, expected one weight above it", field: place)
    }
    return numbers
  }

  fileprivate var interpolateBody: [String: Schema] {
    let path = Schema.choice(LatentPath.Shape.self)
    let row = Schema.list(of: .real(Self.weights), count: 2...options.imageLimit)
    let rows = Schema.list(of: row, count: 1...options.countLimit)
    let shared: [String: Schema?] = [
      "path": path, "edits": editsSchema.described(as: "Strengths by attribute, of every image that is made"),
      "direction": .choice(AttributeDirections.Kind.self), "conditions": conditionsSchema,
    ]
    return pictureBody(
      shared.merging(["weights": rows]) { $1 }, or: shared.merging(["steps": .whole(Self.steps)]) { $1 },
      images: 2...options.imageLimit)
  }
}
