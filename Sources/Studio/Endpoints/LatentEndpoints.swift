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
    try await answering(request, context) { (asked: PictureRequest) in
      let pictures = try asked.finish()
      let latents = try await model.encode(pictures.map(\.picture), labels: pictures.map(\.label))
      if request.preferred(of: MediaType.bytes, MediaType.json) == MediaType.json {
        return Response(json: LatentsAnswer(latents: Data(latents), inputs: try pictures.map { try $0.answer() }))
      }
      return Response(MediaType.bytes, ByteBuffer(bytes: latents))
    }
  }

  /// Takes the bytes of a safetensors file, as they are or in JSON.
  func decode(_ request: Request, _ context: StudioContext) async throws -> Response {
    guard request.mediaType == MediaType.json else {
      guard request.mediaType == MediaType.bytes else {
        throw unsupported(request.mediaType ?? "none", [MediaType.bytes, MediaType.json])
      }
      let latents = try await body(of: request, context)
      return try await working(context) { try await answer(pictures(of: latents), to: request) }
    }
    return try await answering(request, context) { (asked: RequestFields) in
      var fields = asked
      guard let text = try fields.string("latents") else {
        throw Problem(.badRequest, "latents is missing", field: "latents")
      }
      try fields.finish()
      return try await answer(pictures(of: latents(inBase64: text)), to: request)
    }
  }

  private func latents(inBase64 text: String) throws -> [UInt8] {
    do { return try Base64Text.decoded(text) } catch {
      throw Problem(.badRequest, "latents \(error)", field: "latents")
    }
  }

  private func pictures(of latents: [UInt8]) async throws -> Drawn {
    do { return try await model.decode(latents, atMost: options.countLimit) } catch let error as SafetensorsError {
      throw Problem(.unprocessableContent, "\(error)", field: "latents")
    } catch let error as ModelError { throw Problem(.unprocessableContent, "\(error)", field: "latents") }
  }
}
