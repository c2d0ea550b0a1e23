import Hummingbird
import Inference

extension Endpoint {
  static let score = Endpoint("score", forModel: .post, "/v1/score", Studio.score) { studio in
    Operation(
      "How likely images are", body: studio.pictureBody(["map": Self.mapSchema]),
      example: ["images": [studio.exampleImage]],
      answers: [MediaType.json: ScoresAnswer.schema])
  }
}

extension Endpoint {
  private static let mapSchema = Schema.flag.described(as: "Whether to say where in the images the bits are")
}

extension Studio {
  func score(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: PictureRequest) in
      var asked = asked
      let isMapped = try asked.fields.flag("map") ?? false
      let pictures = try asked.finish()
      let scores = try await model.score(pictures.map(\.picture))
      let maps = isMapped ? try await model.bitsPerPosition(pictures.map(\.picture)) : nil
      return Response(
        json: ScoresAnswer(
          scores: pictures.indices.map { ScoresAnswer.Score(pictures[$0], scores[$0], maps?[$0]) },
          reference: model.state.reference))
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
    var map: [ImageModel.LevelBits]?

    static let schema = Schema.answer(
      [
        "width": .whole, "height": .whole, "isFitted": .flag, "bitsPerDimension": .real,
        "pngBitsPerDimension": .real, "corrected": .real,
      ],
      optional: [
        "percentile": .real, "correctedPercentile": .real, "deviations": .real,
        "map": .list(of: level, atLeast: 1),
      ]
    ).called("Score")

    private static let level = Schema.answer([
      "level": .whole, "rows": .whole, "columns": .whole, "bits": .list(of: .real, count: 1...1 << 24),
    ]).described(as: "What each position of a level's latent adds, row after row; all together are the image's bits")
      .called("LevelBits")

    init(_ picture: PictureInput, _ score: ImageModel.Score, _ map: [ImageModel.LevelBits]?) {
      self.map = map
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
