import Files
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
  /// Answers a request by what `work` makes of its pictures and other fields.
  /// - Throws: ``Problem`` naming the field or the picture; what `work` throws.
  func answering(
    _ request: Request, _ context: StudioContext,
    _ work: @escaping @Sendable (PictureRequest) async throws -> Response
  ) async throws -> Response {
    let type = request.mediaType ?? "none"
    let taken = MediaType.pictures + [MediaType.json, MediaType.form]
    guard taken.contains(type) else { throw unsupported(type, taken) }
    if type == MediaType.json { try request.requireUTF8() }
    let body = try await body(of: request, context)
    let contentType = request.headers[.contentType] ?? ""
    return try await working(context) {
      let asked =
        switch type {
        case MediaType.json: try await pictures(in: RequestFields(body), context)
        case MediaType.form: try await pictures(in: form(body, contentType), context)
        default: try await decoded([.init(bytes: body, name: "the body", field: nil)], RequestFields(), context)
        }
      return try await work(asked)
    }
  }

  private func form(_ body: [UInt8], _ contentType: String) throws -> MultipartForm {
    do { return try MultipartForm(body, contentType: contentType) } catch let error as MultipartError {
      throw Problem(.badRequest, "\(error)")
    }
  }

  private func pictures(in fields: RequestFields, _ context: StudioContext) async throws -> PictureRequest {
    var fields = fields
    guard let images = try fields.list("images", count: 1...options.imageLimit, of: "images") else {
      throw Problem(.badRequest, "images is missing", field: "images")
    }
    var budget = PixelBudget(limit: options.pixelLimit)
    var pictures: [PictureInput] = []
    for (number, image) in images.enumerated() {
      pictures.append(try await input(image, at: "images[\(number)]", budget: &budget, context))
    }
    return PictureRequest(pictures: pictures, fields: fields)
  }

  private func pictures(in form: MultipartForm, _ context: StudioContext) async throws -> PictureRequest {
    guard form.parts.count <= options.imageLimit + 1 else {
      throw Problem(
        .badRequest,
        "the form has \(form.parts.count) parts, expected images, 1 to \(options.imageLimit), and request once")
    }
    var pictures: [PictureDecoder.Source] = []
    var fields: RequestFields?
    for part in form.parts {
      // By bytes: to tell letters of thousands of marks apart takes time by the square of their length.
      let name = Array(part.name.utf8)
      if name == Array("request".utf8), fields == nil {
        fields = try RequestFields(part.content, called: "the part request")
      } else if name == Array("images".utf8) || name == Array("image".utf8) {
        let field = "images[\(pictures.count)]"
        let file = part.fileName.flatMap { $0.isEmpty ? nil : printable($0, limit: 100) }
        pictures.append(.init(bytes: Array(part.content), name: file ?? field, field: field))
      } else {
        throw Problem(
          .badRequest, "the form has a part \"\(printable(part.name, limit: 100))\", expected images, and request once",
          field: part.name)
      }
    }
    guard (1...options.imageLimit).contains(pictures.count) else {
      throw Problem(
        .badRequest, "the form has \(pictures.count) parts images, expected 1 to \(options.imageLimit)", field: "images"
      )
    }
    return try await decoded(pictures, fields ?? RequestFields(), context)
  }

  private func decoded(
    _ pictures: [PictureDecoder.Source], _ fields: RequestFields, _ context: StudioContext
  ) async throws -> PictureRequest {
    var budget = PixelBudget(limit: options.pixelLimit)
    var inputs: [PictureInput] = []
    for picture in pictures {
      inputs.append(
        keeping(try await decoder.input(picture, label: nil, for: model, budget: &budget, context.deadline)))
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
