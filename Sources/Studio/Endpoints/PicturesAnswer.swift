import Foundation
import HTTPTypes
import Hummingbird
import Imaging
import Inference

/// Pictures that the model made, as PNGs.
struct PicturesAnswer: Encodable {
  var images: [Data]
  var labels: [Int]?
  var inputs: [PictureInput.Answer]?
  /// Which of the images are noise or saturated; nil where none is.
  var strayed: [Int]?
  /// Of the images, and of the inputs, where they were asked for.
  var scores: [Score]?
  var inputScores: [Score]?

  /// How likely a picture is.
  struct Score: Encodable {
    var bitsPerDimension: Double
    var percentile: Double?

    init(_ score: ImageModel.Score) {
      (bitsPerDimension, percentile) = (score.score.bitsPerDimension, score.place?.percentile)
    }

    static let schema = Schema.answer(["bitsPerDimension": .real], optional: ["percentile": .real]).called("Likelihood")
  }

  /// Of pictures in one PNG.
  static let columns = 8

  /// In JSON, or as one PNG.
  static let types: [String: Schema] = [
    MediaType.json: Schema.answer(
      ["images": .list(of: .base64("png"), atLeast: 1)],
      optional: [
        "labels": .list(of: .whole, atLeast: 1), "inputs": .list(of: PictureInput.Answer.schema, atLeast: 1),
        "strayed": .list(of: .whole, atLeast: 1)
          .described(as: "Which of the images left the range of pictures, and show noise or saturated colors"),
        "scores": .list(of: Score.schema, atLeast: 1), "inputScores": .list(of: Score.schema, atLeast: 1),
      ]
    ).called("Pictures"),
    MediaType.png: .file,
  ]
}

extension Studio {
  /// Pictures in JSON, or where the client asks for `image/png`, one PNG with all of them in rows, and `Glow-Strayed` says what
  /// `strayed` does in JSON.
  func answer(
    _ drawn: Drawn, to request: Request, columns: Int = PicturesAnswer.columns, labels: [Int]? = nil,
    inputs: [PictureInput]? = nil,
    scores: [PicturesAnswer.Score]? = nil, inputScores: [PicturesAnswer.Score]? = nil
  ) throws -> Response {
    func png(_ picture: PixelImage) throws -> Data {
      try Task.checkCancellation()
      return try picture.png()
    }
    let pictures = drawn.pictures
    if request.preferred(of: MediaType.json, MediaType.png) == MediaType.png {
      let picture = pictures.count == 1 ? pictures[0] : PixelImage.grid(pictures, columns: columns)
      var response = Response(MediaType.png, ByteBuffer(data: try png(picture)))
      if !drawn.strayed.isEmpty {
        response.headers[.strayed] = drawn.strayed.map(String.init).joined(separator: ", ")
      }
      return response
    }
    return Response(
      json: PicturesAnswer(
        images: try pictures.map(png), labels: labels, inputs: try inputs?.map { try $0.answer() },
        strayed: drawn.strayed.isEmpty ? nil : drawn.strayed, scores: scores, inputScores: inputScores))
  }
}

extension HTTPField.Name {
  static let strayed = Self("Glow-Strayed")!
}

extension PixelImage {
  /// The picture as a PNG, which is base64 in an answer of JSON.
  func png() throws -> Data { Data(try encodePNG()) }
}
