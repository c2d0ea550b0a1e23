import Files
import Analysis
import FlowModels
import Foundation
import Hummingbird
import Inference
import Safetensors
import Torch

extension Studio {
  static let latentsType = "application/octet-stream"
  static let strengths = -10.0...10.0
  static let steps = 2...64
  static let weights = 0.0...1e6

  func encode(_ request: Request, _ context: StudioContext) async throws -> Response {
    let (pictures, fields) = try await pictureRequest(request, context).parts
    try fields.finish()
    let latents = try await working(context) {
      try await model.encode(pictures.map(\.picture), labels: pictures.map(\.label))
    }
    if request.accepts("application/json") {
      return answer([
        "latents": .string(Data(latents).base64EncodedString()), "inputs": .array(try pictures.map { try $0.json }),
      ])
    }
    return Response(
      status: .ok, headers: [.contentType: Self.latentsType],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: latents)))
  }

  func decode(_ request: Request, _ context: StudioContext) async throws -> Response {
    let latents = try await latents(request, context)
    let pictures = try await working(context) {
      do { return try await model.decode(latents, atMost: options.countLimit) } catch let error as SafetensorsError {
        throw Problem(.unprocessableContent, "\(error)", field: "latents")
      } catch let error as ModelError { throw Problem(.unprocessableContent, "\(error)", field: "latents") }
    }
    return try answer(pictures, to: request)
  }

  /// The bytes of a safetensors file, as they are or in JSON.
  private func latents(_ request: Request, _ context: StudioContext) async throws -> [UInt8] {
    guard request.mediaType == "application/json" else {
      guard request.mediaType == Self.latentsType else {
        throw unsupported(request.mediaType ?? "none", [Self.latentsType, "application/json"])
      }
      return try await body(of: request, context)
    }
    var fields = try await fields(of: request, context)
    guard let text = try fields.string("latents") else {
      throw Problem(.badRequest, "latents is missing", field: "latents")
    }
    try fields.finish()
    guard let bytes = Data(base64Encoded: text) else {
      throw Problem(.badRequest, "latents is not base64", field: "latents")
    }
    return Array(bytes)
  }

  func interpolate(_ request: Request, _ context: StudioContext) async throws -> Response {
    let (pictures, others) = try await pictureRequest(request, context).parts
    var fields = others
    guard pictures.count > 1 else {
      throw Problem(.badRequest, "images holds 1, expected 2 to \(options.imageLimit)", field: "images")
    }
    let path = try fields.choice("path", LatentPath.Shape.self) ?? .spherical
    let weights = try weights(&fields, count: pictures.count)
    let given = try fields.integer("steps", in: Self.steps)
    try fields.finish()
    guard weights == nil || given == nil else {
      throw Problem(.badRequest, "weights takes the place of steps: leave one of them out", field: "weights")
    }
    // The usual number, or as many as so many images leave room for.
    let steps = given ?? max(2, min(9, (options.countLimit - 1) / (pictures.count - 1) + 1))
    let count = (pictures.count - 1) * (steps - 1) + 1
    guard weights != nil || count <= options.countLimit else {
      throw Problem(
        .unprocessableContent, "steps makes \(count) images, expected at most \(options.countLimit)", field: "steps")
    }
    let result = try await working(context) {
      if let weights {
        return try await model.mix(
          pictures.map(\.picture), weights: weights, along: path, labels: pictures.map(\.label))
      }
      return try await model.interpolate(
        pictures.map(\.picture), steps: steps, along: path, labels: pictures.map(\.label))
    }
    return try answer(
      result, to: request, columns: steps, with: ["inputs": .array(try pictures.map { try $0.json })])
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

  func edit(_ request: Request, _ context: StudioContext) async throws -> Response {
    let (pictures, given) = try await pictureRequest(request, context).parts
    var fields = given
    let label = try label(&fields)
    let direction = try fields.choice("direction", AttributeDirections.Kind.self) ?? .mean
    let strengths = try fields.numbersByName("edits", in: Self.strengths) ?? [:]
    try fields.finish()
    if let stranger = strengths.keys.sorted().first(where: { name in
      !model.description.attributes.contains { $0.name == name }
    }) {
      throw Problem(.badRequest, "edits.\(stranger) is no attribute of the model", field: "edits.\(stranger)")
    }
    let result = try await working(context) {
      try await model.edit(
        pictures.map(\.picture), by: strengths, along: direction, labels: pictures.map(\.label), as: label)
    }
    return try answer(result, to: request, with: ["inputs": .array(try pictures.map { try $0.json })])
  }

  func score(_ request: Request, _ context: StudioContext) async throws -> Response {
    let (pictures, fields) = try await pictureRequest(request, context).parts
    try fields.finish()
    let scores = try await working(context) { try await model.score(pictures.map(\.picture)) }
    var body: [String: JSONValue] = [
      "scores": .array(
        zip(pictures, scores).map { picture, score in
          var fields: [String: JSONValue] = [
            "width": .number(Double(picture.width)), "height": .number(Double(picture.height)),
            "isFitted": .bool(picture.isFitted), "bitsPerDimension": .number(score.score.bitsPerDimension),
            "pngBitsPerDimension": .number(score.score.pngBitsPerDimension),
            "corrected": .number(score.score.corrected),
          ]
          if let place = score.place {
            fields["percentile"] = .number(place.percentile)
            fields["correctedPercentile"] = .number(place.correctedPercentile)
            fields["deviations"] = .number(place.deviations)
          }
          return .object(fields)
        })
    ]
    if let reference = model.state.reference { body["reference"] = try JSONValue(encoding: reference) }
    return answer(.object(body))
  }
}

extension PictureRequest {
  fileprivate var parts: ([PictureInput], RequestFields) { (pictures, fields) }
}
