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
    _ pictures: [PixelImage], to request: Request, columns: Int = 8, labels: [Int]? = nil, inputs: [PictureInput]? = nil
  ) throws -> Response {
    if request.accepts(MediaType.png) {
      let picture = pictures.count == 1 ? pictures[0] : PixelImage.grid(pictures, columns: columns)
      return Response(MediaType.png, ByteBuffer(data: try picture.png()))
    }
    return Response(
      json: PicturesAnswer(
        images: try pictures.map { try $0.png() }, labels: labels, inputs: try inputs?.map { try $0.answer() }))
  }
}

extension PixelImage {
  /// The picture as a PNG, which is base64 in an answer of JSON.
  func png() throws -> Data { Data(try encodePNG()) }
}
