import Foundation
import Hummingbird
import Imaging

/// Pictures that the model made, as PNGs.
struct PicturesAnswer: Encodable {
  var images: [Data]
  var labels: [Int]?
  var inputs: [PictureInput.Answer]?

  /// In JSON, or as one PNG.
  static let types: [String: Schema] = [
    MediaType.json: Schema.answer(
      ["images": .list(of: .base64("png"), atLeast: 1)],
      optional: ["labels": .list(of: .whole, atLeast: 1), "inputs": .list(of: PictureInput.Answer.schema, atLeast: 1)]
    ).called("Pictures"),
    MediaType.png: .file,
  ]
}

extension Studio {
  /// Pictures in JSON, or where the client asks for `image/png`, one PNG with all of them in rows.
  func answer(
    _ pictures: [PixelImage], to request: Request, _ context: StudioContext, columns: Int = 8, labels: [Int]? = nil,
    inputs: [PictureInput]? = nil
  ) async throws -> Response {
    try await working(context) {
      func png(_ picture: PixelImage) throws -> Data {
        try Task.checkCancellation()
        return try picture.png()
      }
      if request.preferred(of: MediaType.json, MediaType.png) == MediaType.png {
        let picture = pictures.count == 1 ? pictures[0] : PixelImage.grid(pictures, columns: columns)
        return Response(MediaType.png, ByteBuffer(data: try png(picture)))
      }
      return Response(
        json: PicturesAnswer(
          images: try pictures.map(png), labels: labels, inputs: try inputs?.map { try $0.answer() }))
    }
  }
}

extension PixelImage {
  /// The picture as a PNG, which is base64 in an answer of JSON.
  func png() throws -> Data { Data(try encodePNG()) }
}
