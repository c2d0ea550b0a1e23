import Hummingbird
import Inference

extension Endpoint {
  static let score = Endpoint("score", forModel: .post, "/v1/score", Studio.score) { studio in
    Operation(
      "How likely images are", body: studio.pictureBody(), example: ["images": [studio.exampleImage]],
      answers: [MediaType.json: ScoresAnswer.schema])
  }
}

extension Studio {
  func score(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: PictureRequest) in
      let pictures = try asked.finish()
      let scores = try await model.score(pictures.map(\.picture))
      return Response(
        json: ScoresAnswer(
          scores: zip(pictures, scores).map { ScoresAnswer.Score($0, $1) }, reference: model.state.reference))
    }
  }
}

private struct ScoresAnswer: Encodable {
  var scores: [Score]
  /// The images that percentiles are of.
  var reference: ModelActivity.Reference?

  static let schema = Schema.answer(
    ["scores": .list(of: Score.schema, atLeast: 1)], optional: ["reference": ModelActivity.Reference.schema]
  ).called("Scores")

  struct Score: Encodable {
    var width: Int
    var height: Int
    var isFitted: Bool
    var bitsPerDimension: Double
    var pngBitsPerDimension: Double
    var corrected: Double
    var percentile: Double?
    var correctedPercentile: Double?
    var deviations: Double?

    static let schema = Schema.answer(
      [
        "width": .whole, "height": .whole, "isFitted": .flag, "bitsPerDimension": .real,
        "pngBitsPerDimension": .real, "corrected": .real,
      ], optional: ["percentile": .real, "correctedPercentile": .real, "deviations": .real]
    ).called("Score")

    init(_ picture: PictureInput, _ score: ImageModel.Score) {
      (width, height, isFitted) = (picture.width, picture.height, picture.isFitted)
      bitsPerDimension = score.score.bitsPerDimension
      pngBitsPerDimension = score.score.pngBitsPerDimension
      corrected = score.score.corrected
      percentile = score.place?.percentile
      correctedPercentile = score.place?.correctedPercentile
      deviations = score.place?.deviations
    }
  }
}
