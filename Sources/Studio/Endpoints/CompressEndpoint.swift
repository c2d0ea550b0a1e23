import Codec
import FlowModels
import Foundation
import Hummingbird
import Inference

extension Endpoint {
  static let compress = Endpoint("compress", forModel: .post, "/v1/compress", Studio.compress) { studio in
    Operation(
      "Images without loss in one archive, as they are scored, and their sizes in other formats",
      body: studio.pictureBody(), example: ["images": [studio.exampleImage]],
      answers: [MediaType.json: ArchiveAnswer.schema, MediaType.bytes: .file])
  }
}

extension Studio {
  func compress(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: PictureRequest) in
      let archive = try await archive(of: asked.finish())
      if request.preferred(of: MediaType.json, MediaType.bytes) == MediaType.bytes {
        return Response(MediaType.bytes, ByteBuffer(bytes: archive.bytes))
      }
      return Response(json: ArchiveAnswer(archive))
    }
  }

  private func archive(of pictures: [PictureInput]) async throws -> ImageModel.Archive {
    do {
      return try await model.archive(pictures.map(\.picture), labels: pictures.map(\.label))
    } catch let error as ModelError {
      throw Problem(.unprocessableContent, "\(error)")
    } catch let error as CodecError { throw Problem(.unprocessableContent, "\(error)") }
  }
}

private struct ArchiveAnswer: Encodable {
  var archive: Data
  /// Of the archive, and of all pixels.
  var bytes: Int
  var rawBytes: Int
  var images: [Sizes]

  static let schema = Schema.answer([
    "archive": .base64("archive"), "bytes": .whole, "rawBytes": .whole,
    "images": .list(of: Sizes.schema, atLeast: 1),
  ]).called("Archive")

  init(_ archive: ImageModel.Archive) {
    (self.archive, bytes, rawBytes) = (Data(archive.bytes), archive.bytes.count, archive.rawBytes)
    images = zip(archive.pictureBytes, archive.others).map {
      Sizes(archived: Int($0.rounded()), png: $1.png, webP: $1.webP, jpegXL: $1.jpegXL)
    }
  }

  /// Of an image, in bytes: within the archive, and in files of its own.
  struct Sizes: Encodable {
    var archived: Int
    var png: Int
    var webP: Int
    var jpegXL: Int

    static let schema = Schema.answer(["archived": .whole, "png": .whole, "webP": .whole, "jpegXL": .whole])
      .called("ImageSizes")
  }
}
