import Files
import Datasets
import Foundation
import Hummingbird
import Imaging
import Inference
import Runs

/// What the routes work with.
struct Studio: Sendable {
  let model: ImageModel
  let options: StudioOptions
  /// To choose images from; of the model's size.
  let dataset: (any ImageDataset)?
  let runs: RunCatalog?
  let metrics = MetricsRegistry()
  let decoder = PictureDecoder()
  let bodies: BodyBudget

  init(model: ImageModel, options: StudioOptions, dataset: (any ImageDataset)?, runs: RunCatalog?) {
    self.model = model
    self.options = options
    self.dataset = dataset
    self.runs = runs
    bodies = BodyBudget(limit: Self.bodiesAtATime * options.bodyLimit)
  }

  /// How many bodies of the largest size are held at a time; many more fit of the usual size.
  private static let bodiesAtATime = 16

  /// Runs `work` on the model for as long as the client is there.
  func working<R: Sendable>(
    _ context: StudioContext, _ work: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    try await context.whileConnected(atMost: options.timeLimit, work)
  }

  func answer(_ value: JSONValue) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: json(value)))
  }

  /// Pictures: in JSON, or where the client asks for `image/png`, one PNG with all of them in rows.
  func answer(
    _ pictures: [PixelImage], to request: Request, columns: Int = 8, with others: [String: JSONValue] = [:]
  ) throws -> Response {
    if request.accepts("image/png") {
      let picture = pictures.count == 1 ? pictures[0] : PixelImage.grid(pictures, columns: columns)
      return Response(
        status: .ok, headers: [.contentType: "image/png"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: try picture.encodePNG())))
    }
    let images = try pictures.map { JSONValue.string(try $0.base64PNG()) }
    return answer(.object(others.merging(["images": .array(images)]) { $1 }))
  }
}

extension JSONValue {
  init(_ numbers: [Int]) { self = .array(numbers.map { .number(Double($0)) }) }

  /// Any value as JSON holds it.
  init(encoding value: some Encodable) throws {
    self = try JSONDecoder().decode(JSONValue.self, from: Data(buffer: json(value)))
  }
}
