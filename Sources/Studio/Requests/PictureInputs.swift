import Datasets
import Files
import Foundation
import Hummingbird
import Imaging
import Inference
import Multipart

/// A picture that a request brought, as the model takes it.
struct PictureInput: Sendable {
  /// The picture at the model's size.
  var picture: PixelImage
  /// The width of the picture that was sent.
  var width: Int
  var height: Int
  var isFitted: Bool
  /// As the request says, else of the data set's image where its labels are the model's.
  var label: Int?

  /// What an answer says of it.
  var json: JSONValue {
    get throws {
      [
        "image": .string(try picture.base64PNG()), "width": .number(Double(width)), "height": .number(Double(height)),
        "isFitted": .bool(isFitted),
      ]
    }
  }
}

/// A request with pictures: JSON with a field `images`, the bytes of one picture, or a form with pictures and perhaps a part
/// `request` of JSON.
struct PictureRequest: Sendable {
  var pictures: [PictureInput]
  /// What else the request holds.
  var fields: RequestFields
}

extension Studio {
  static let pictureTypes = ["image/png", "image/jpeg", "image/webp"]
  private static let formType = "multipart/form-data"

  /// - Throws: ``Problem`` naming the field or the picture.
  func pictureRequest(_ request: Request, _ context: StudioContext) async throws -> PictureRequest {
    let type = request.mediaType ?? "none"
    let taken = Self.pictureTypes + ["application/json", Self.formType]
    guard taken.contains(type) else { throw unsupported(type, taken) }
    let body = try await body(of: request, context)
    let contentType = request.headers[.contentType] ?? ""
    return try await working(context) {
      switch type {
      case "application/json": try await pictureRequest(RequestFields(body))
      case Self.formType: try await pictureRequest(form(body, contentType))
      default: try await picturesRequest([(body, "the body")], RequestFields())
      }
    }
  }

  private func form(_ body: [UInt8], _ contentType: String) throws -> MultipartForm {
    do { return try MultipartForm(body, contentType: contentType) } catch let error as MultipartError {
      throw Problem(.badRequest, "\(error)")
    }
  }

  private func pictureRequest(_ fields: RequestFields) async throws -> PictureRequest {
    var fields = fields
    guard let images = try fields.list("images", count: 1...options.imageLimit, of: "images") else {
      throw Problem(.badRequest, "images is missing", field: "images")
    }
    var budget = options.pixelLimit
    var pictures: [PictureInput] = []
    for (number, image) in images.enumerated() {
      pictures.append(try await input(image, at: "images[\(number)]", budget: &budget))
    }
    return PictureRequest(pictures: pictures, fields: fields)
  }

  private func pictureRequest(_ form: MultipartForm) async throws -> PictureRequest {
    var pictures: [(bytes: [UInt8], name: String)] = []
    var fields: RequestFields?
    for part in form.parts {
      switch part.name {
      case "request" where fields == nil: fields = try RequestFields(part.content, called: "the part request")
      case "images", "image":
        pictures.append((Array(part.content), part.fileName ?? "image \(pictures.count + 1)"))
      default:
        throw Problem(
          .badRequest, "the form has a part \"\(part.name)\", expected images, and request once", field: part.name)
      }
    }
    guard (1...options.imageLimit).contains(pictures.count) else {
      throw Problem(
        .badRequest, "the form has \(pictures.count) parts images, expected 1 to \(options.imageLimit)", field: "images"
      )
    }
    return try await picturesRequest(pictures, fields ?? RequestFields())
  }

  private func picturesRequest(
    _ pictures: [(bytes: [UInt8], name: String)], _ fields: RequestFields
  ) async throws -> PictureRequest {
    var budget = options.pixelLimit
    var inputs: [PictureInput] = []
    for picture in pictures {
      inputs.append(
        try await decoder.input(picture.bytes, named: picture.name, label: nil, for: model, budget: &budget))
    }
    return PictureRequest(pictures: inputs, fields: fields)
  }

  /// `{"data": base64}` or `{"index": number}`, perhaps with a `label`.
  /// - Parameter budget: of pixels that may still be decoded.
  func input(_ value: JSONValue, at place: String, budget: inout Int) async throws -> PictureInput {
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
        picture: picture, width: picture.width, height: picture.height, isFitted: false, label: label ?? own)
    }
    guard let text = try fields.string("data") else {
      throw Problem(.badRequest, "\(place) has neither data nor index, expected one of them", field: place)
    }
    try fields.finish()
    guard let bytes = Data(base64Encoded: text) else {
      throw Problem(.badRequest, "\(place).data is not base64", field: "\(place).data")
    }
    return try await decoder.input(
      Array(bytes), named: "\(place).data", label: label, for: model, budget: &budget)
  }
}

extension PixelImage {
  func base64PNG() throws -> String { Data(try encodePNG()).base64EncodedString() }
}
