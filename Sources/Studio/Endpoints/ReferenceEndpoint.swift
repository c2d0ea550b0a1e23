import Analysis
import Hummingbird
import Inference

extension Endpoint {
  static let reference = Endpoint("getReference", forModel: .get, "/v1/reference", Studio.reference) { _ in
    Operation(
      "How the scores of the images are spread that percentiles are of",
      answers: [MediaType.json: ReferenceAnswer.schema])
  }
}

extension Studio {
  func reference(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await working(context) {
      guard let reference = model.state.reference, let spread = await model.referenceHistograms() else {
        throw Problem(.notFound, "the images to compare with have no scores yet: try again in a while")
      }
      return Response(
        json: ReferenceAnswer(
          name: reference.name, count: reference.count, bitsPerDimension: spread.bitsPerDimension,
          corrected: spread.corrected))
    }
  }
}

private struct ReferenceAnswer: Encodable {
  var name: String
  var count: Int
  var bitsPerDimension: ScoreHistogram
  var corrected: ScoreHistogram

  static let schema = Schema.answer([
    "name": .text, "count": .whole, "bitsPerDimension": ScoreHistogram.schema, "corrected": ScoreHistogram.schema,
  ]).called("Reference")
}

extension ScoreHistogram {
  fileprivate static let schema = Schema.answer([
    "edges": .list(of: .real, atLeast: 2), "counts": .list(of: .whole, atLeast: 1),
  ])
  .called("Histogram")
}
