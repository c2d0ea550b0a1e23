import Datasets
import Files
import Foundation
import Hummingbird
import Imaging
import Inference

/// A picture that a request brought, as the model takes it.
struct PictureInput: Sendable {
  /// At the model's size.
  var picture: PixelImage
  /// The size of the picture that was sent.
  var width: Int
  var height: Int
  /// Whether it was sent in another size than the model's.
  var isFitted: Bool
  /// The label that the request says, else that of the data set's image where its labels are the model's.
  var label: Int?
  /// What is known of the attributes that the model is told, by their names; nil for a picture that was sent.
  var conditions: [String: Double]?
  /// By which later requests may name it; nil for an image of the data set, which has a number.
  var kept: String?

  /// What an answer says of it.
  struct Answer: Encodable {
    var image: Data
    var width: Int
    var height: Int
    var isFitted: Bool
    var kept: String?

    static let schema = Schema.answer(
      ["image": .base64("png"), "width": .whole, "height": .whole, "isFitted": .flag],
      optional: ["kept": .text.described(as: "By which later requests may name it, for a while")]
    ).called("Input")
  }

  func answer() throws -> Answer {
    Answer(image: try picture.png(), width: width, height: height, isFitted: isFitted, kept: kept)
  }
}

extension Studio {
  /// `{"data": base64}`, `{"index": number}` or `{"kept": name}`, perhaps with a `label`.
  /// - Parameter budget: how many pixels may still be decoded.
  func input(
    _ value: JSONValue, at place: String, budget: inout PixelBudget, _ context: StudioContext
  ) async throws -> PictureInput {
    var fields = try RequestFields(value, at: place)
    let label = try label(&fields)
    if fields.has("index") {
      guard let dataset else {
        throw Problem(.unprocessableContent, "\(place).index: the server has no data set", field: "\(place).index")
      }
      let index = try fields.integer("index", in: 0...dataset.count - 1)!
      try fields.finish()
      let picture = try dataset.image(at: index)
      let own = model.description.hasLabels(dataset.classNames) ? dataset.label(at: index) : nil
      return PictureInput(
        picture: picture, width: picture.width, height: picture.height, isFitted: false, label: label ?? own,
        conditions: known(of: index, in: dataset))
    }
    if let name = try fields.string("kept") {
      try fields.finish()
      guard var input = shelf.input(name, of: served.name) else {
        throw Problem(
          .unprocessableContent, "\(place).kept is not there any more: send the picture again",
          field: "\(place).kept")
      }
      input.label = label ?? input.label
      input.kept = name
      return input
    }
    guard let text = try fields.string("data") else {
      throw Problem(.badRequest, "\(place) has no data, index or kept, expected one of them", field: place)
    }
    try fields.finish()
    let field = "\(place).data"
    let bytes: [UInt8]
    do { bytes = try Base64Text.decoded(text) } catch {
      throw Problem(.badRequest, "\(field) \(error)", field: field)
    }
    return keeping(
      try await decoder.input(
        .init(bytes: bytes, name: field, field: field), label: label, for: model, budget: &budget, context.deadline))
  }

  /// The picture, which later requests may name.
  func keeping(_ input: PictureInput) -> PictureInput {
    var input = input
    input.kept = shelf.keep(input, of: served.name)
    return input
  }

  /// What is known of the attributes of an image that the model is told; nil where that is nothing.
  private func known(of index: Int, in dataset: any ImageDataset) -> [String: Double]? {
    let names = model.description.conditions
    let row = dataset.attributeRow(dataset.attributeColumns(of: names), at: index)
    let known = zip(names, row).filter { $1 != 0 }
    return known.isEmpty ? nil : Dictionary(known.map { ($0, Double($1)) }) { $1 }
  }

  /// The description of what ``input(_:at:budget:_:)`` reads.
  var imageSchema: Schema {
    let data = Schema.object(["label": labelSchema, "data": .base64("picture")], required: ["data"])
    let kept = Schema.object(["label": labelSchema, "kept": .keptPicture], required: ["kept"])
    guard let dataset else { return Schema.one(of: [data, kept]).called("Image") }
    let index = Schema.object(["label": labelSchema, "index": .whole(0...dataset.count - 1)], required: ["index"])
    return Schema.one(of: [data, index, kept]).called("Image")
  }
}
