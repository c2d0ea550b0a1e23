import Hummingbird
import Multipart

/// A request with pictures: JSON with a field `images`, the bytes of one picture, or a form with pictures and perhaps a part
/// `request` of JSON.
struct PictureRequest: Sendable {
  let pictures: [PictureInput]
  /// What else the request holds.
  var fields: RequestFields

  /// The pictures, when all other fields were taken.
  /// - Throws: ``Problem`` naming a field that was not.
  func finish() throws -> [PictureInput] {
    try fields.finish()
    return pictures
  }
}

extension Studio {
  /// - Throws: ``Problem`` naming the field or the picture.
  func pictureRequest(_ request: Request, _ context: StudioContext) async throws -> PictureRequest {
    let type = request.mediaType ?? "none"
    let taken = MediaType.pictures + [MediaType.json, MediaType.form]
    guard taken.contains(type) else { throw unsupported(type, taken) }
    let body = try await body(of: request, context)
    let contentType = request.headers[.contentType] ?? ""
    return try await working(context) {
      switch type {
      case MediaType.json: try await pictures(in: RequestFields(body))
      case MediaType.form: try await pictures(in: form(body, contentType))
      default: try await decoded([(body, "the body")], RequestFields())
      }
    }
  }

  private func form(_ body: [UInt8], _ contentType: String) throws -> MultipartForm {
    do { return try MultipartForm(body, contentType: contentType) } catch let error as MultipartError {
      throw Problem(.badRequest, "\(error)")
    }
  }

  private func pictures(in fields: RequestFields) async throws -> PictureRequest {
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

  private func pictures(in form: MultipartForm) async throws -> PictureRequest {
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
    return try await decoded(pictures, fields ?? RequestFields())
  }

  private func decoded(
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

  /// The description of such a request: pictures as JSON with other fields, as the bytes of one, or in a form.
  /// - Parameters:
  ///   - fields: what else the request may hold.
  ///   - others: what it may hold instead; nil if there is no choice.
  ///   - count: how many pictures; nil for any number that is taken.
  func pictureBody(
    _ fields: [String: Schema?] = [:], or others: [String: Schema?]? = nil, images count: ClosedRange<Int>? = nil
  ) -> [String: Schema] {
    let count = count ?? 1...options.imageLimit
    func schema(with images: Schema? = nil) -> Schema {
      let choices = [fields, others].compactMap(\.self).map { fields in
        Schema.object(fields.merging(["images": images]) { $1 }, required: images == nil ? [] : ["images"])
      }
      return choices.count == 1 ? choices[0] : .any(of: choices)
    }
    var types = [
      MediaType.json: schema(with: .list(of: imageSchema, count: count)),
      MediaType.form: .object(
        ["images": .list(of: .file, count: count), "request": schema()], required: ["images"]),
    ]
    if count.contains(1) { for type in MediaType.pictures { types[type] = .file } }
    return types
  }
}
