import Foundation
import Hummingbird
import Imaging
import Inference

extension Endpoint {
  static let steps = Endpoint("getSteps", forModel: .post, "/v1/steps", Studio.steps) { studio in
    let frames = Schema.whole(studio.frames)
    return Operation(
      "An image on its way through the flow to the latents, and back",
      body: studio.pictureBody(["frames": frames], images: 1...1),
      example: ["images": [studio.exampleImage], "frames": .number(Double(studio.frames.lowerBound))],
      answers: [MediaType.json: StepsAnswer.schema])
  }
}

extension Studio {
  /// Of each way.
  fileprivate var frames: ClosedRange<Int> { model.description.levels + 1...64 }
  private static let usualFrames = 24

  func steps(_ request: Request, _ context: StudioContext) async throws -> Response {
    try await answering(request, context) { (asked: PictureRequest) in
      var asked = asked
      let count = try asked.fields.integer("frames", in: frames) ?? max(frames.lowerBound, Self.usualFrames)
      let pictures = try asked.finish()
      guard pictures.count == 1 else {
        throw Problem(.badRequest, "images holds \(pictures.count), expected 1", field: "images")
      }
      let walk = try await model.walk(through: pictures[0].picture, label: pictures[0].label, frames: count)
      return Response(
        json: StepsAnswer(
          inputs: try pictures.map { try $0.answer() }, image: try walk.reconstruction.png(), differing: walk.differing,
          latents: try walk.latents.png(), forward: try walk.forward.map { try StepsAnswer.Frame($0) },
          back: try walk.back.map { try StepsAnswer.Frame($0) }))
    }
  }
}

private struct StepsAnswer: Encodable {
  var inputs: [PictureInput.Answer]
  var image: Data
  var differing: Int
  var latents: Data
  var forward: [Frame]
  var back: [Frame]

  static let schema = Schema.answer([
    "inputs": .list(of: PictureInput.Answer.schema, atLeast: 1),
    "image": Schema.base64("png").described(as: "Where the way back ends"),
    "differing": Schema.whole.described(as: "How many of its values are not the image's"),
    "latents": .base64("png"), "forward": .list(of: Frame.schema, atLeast: 2),
    "back": .list(of: Frame.schema, atLeast: 2),
  ]).called("Steps")

  struct Frame: Encodable {
    var level: Int
    var step: Int
    var steps: Int
    var image: Data
    var deviation: Double
    var error: Double?

    init(_ frame: ImageModel.FlowFrame) throws {
      (level, step, steps) = (frame.place.level, frame.place.step, frame.place.steps)
      (image, deviation, error) = (try frame.picture.png(), frame.deviation, frame.error)
    }

    static let schema = Schema.answer(
      ["level": .whole, "step": .whole, "steps": .whole, "image": .base64("png"), "deviation": .real],
      optional: ["error": .real]
    ).called("FlowFrame")
  }
}
