import FlowModels
import Foundation
import Hummingbird
import Inference
import Safetensors

extension Endpoint {
  static let encode = Endpoint("encode", forModel: .post, "/v1/encode", Studio.encode) { studio in
    Operation(
      "The latents of images, as a safetensors file; in JSON where asked for", body: studio.pictureBody(),
      example: ["images": [studio.exampleImage]],
      answers: [MediaType.bytes: .file, MediaType.json: LatentsAnswer.schema])
  }

  static let decode = Endpoint("decode", forModel: .post, "/v1/decode", Studio.decode) { studio in
    Operation(
      "The images of latents",
      body: [
        MediaType.bytes: .file,
        MediaType.json: .object(["latents": .base64("latents")], required: ["latents"]),
      ], example: studio.exampleLatents.map { ["latents": $0] }, answers: PicturesAnswer.types)
  }
}

private struct LatentsAnswer: Encodable {
  var latents: Data
  var inputs: [PictureInput.Answer]

  static let schema = Schema.answer(
    ["latents": .base64("latents"), "inputs": .list(of: PictureInput.Answer.schema, atLeast: 1)]
  ).called("Latents")
}

extension Studio {
  func encode(_ request: Request, _ context: StudioContext) async throws -> Response {
    let pictures = try await pictureRequest(request, context).finish()
    let latents = try await working(context) {
      try await model.encode(pictures.map(\.picture), labels: pictures.map(\.label))
    }
    if request.preferred(of: MediaType.bytes, MediaType.json) == MediaType.json {
      return try await working(context) {
        Response(json: LatentsAnswer(latents: Data(latents), inputs: try pictures.map { try $0.answer() }))
      }
    }
    return Response(MediaType.bytes, ByteBuffer(bytes: latents))
  }

  func decode(_ request: Request, _ context: StudioContext) async throws -> Response {
    let latents = try await latents(request, context)
    let drawn = try await working(context) {
      do { return try await model.decode(latents, atMost: options.countLimit) } catch let error as SafetensorsError {
        throw Problem(.unprocessableContent, "\(error)", field: "latents")
      } catch let error as ModelError { throw Problem(.unprocessableContent, "\(error)", field: "latents") }
    }
    return try await answer(drawn, to: request, context)
  }

  /// The bytes of a safetensors file, as they are or in JSON.
  private func latents(_ request: Request, _ context: StudioContext) async throws -> [UInt8] {
    guard request.mediaType == MediaType.json else {
      guard request.mediaType == MediaType.bytes else {
        throw unsupported(request.mediaType ?? "none", [MediaType.bytes, MediaType.json])
      }
      return try await body(of: request, context)
    }
    var fields = try await fields(of: request, context)
    guard let text = try fields.string("latents") else {
      throw Problem(.badRequest, "latents is missing", field: "latents")
    }
    try fields.finish()
    return try await working(context) {
      do { return try Base64Text.decoded(text) } catch {
        throw Problem(.badRequest, "latents \(error)", field: "latents")
      }
    }
  }
}
