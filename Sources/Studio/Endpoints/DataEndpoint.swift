import Datasets
import Foundation
import Hummingbird
import Imaging

extension Endpoint {
  static let data = Endpoint("listImages", forModel: .get, "/v1/data", query: DataQuery.parameters, Studio.data) {
    studio in
    Operation(
      "Images of the data set to choose from", parameters: studio.dataParameters,
      answers: [MediaType.json: DataAnswer.schema])
  }
}

extension Studio {
  func data(_ request: Request, _ context: StudioContext) async throws -> Response {
    guard let dataset else { throw Problem(.notFound, "the server has no data set: start it with --data") }
    let query = try DataQuery(request, of: dataset, most: options.countLimit)
    return try await working(context) { try answer(query, of: dataset) }
  }

  private func answer(_ query: DataQuery, of dataset: any ImageDataset) throws -> Response {
    let matching = query.indices(of: dataset)
    let images = try matching.dropFirst(query.from).prefix(query.count).map { index in
      try Task.checkCancellation()
      let attributes = dataset.attributeNames.indices.filter { dataset.attribute($0, at: index) == true }
      return DataAnswer.Image(
        index: index, image: try dataset.image(at: index).png(), label: dataset.label(at: index),
        attributes: attributes.isEmpty ? nil : attributes.map { dataset.attributeNames[$0] })
    }
    return Response(json: DataAnswer(count: matching.count, images: images, notes: dataset.notes))
  }

  fileprivate var dataParameters: [Endpoint.Parameter] {
    var parameters: [Endpoint.Parameter] = [
      .query("from", .whole(0...(dataset?.count ?? 0)), "How many matching images to pass over"),
      .query("count", .whole(1...options.countLimit), "The most images"),
    ]
    if let classes = dataset?.classNames, !classes.isEmpty {
      parameters.append(.query("label", .whole(0...classes.count - 1), "Only images with this label"))
    }
    if let names = dataset?.attributeNames, !names.isEmpty {
      parameters.append(.query("attribute", .choice(names), "Only images with it"))
    }
    return parameters
  }
}

private struct DataAnswer: Encodable {
  /// How many images match.
  var count: Int
  var images: [Image]
  /// What a person should know of the set, such as files that are not used.
  var notes: [String]

  static let schema = Schema.answer(["count": .whole, "images": .list(of: Image.schema), "notes": .list(of: .text)])
    .called("DataPage")

  struct Image: Encodable {
    var index: Int
    var image: Data
    var label: Int?
    var attributes: [String]?

    static let schema = Schema.answer(
      ["index": .whole, "image": .base64("png")], optional: ["label": .whole, "attributes": .list(of: .text)])
  }
}

/// Which images are asked for.
private struct DataQuery {
  var from: Int
  var count: Int
  var label: Int?
  var attribute: Int?

  static let parameters = ["from", "count", "label", "attribute"]

  init(_ request: Request, of dataset: any ImageDataset, most: Int) throws {
    let given = try request.queryFields()
    func values(_ name: String) -> [String] { given.filter { $0.name == name }.map(\.value) }
    from = try request.queryInteger("from", in: 0...dataset.count) ?? 0
    count = try request.queryInteger("count", in: 1...most) ?? min(24, most)
    if !values("label").isEmpty {
      guard !dataset.classNames.isEmpty else {
        throw Problem(.badRequest, "the images have no labels", field: "label")
      }
      label = try request.queryInteger("label", in: 0...dataset.classNames.count - 1)
    }
    guard values("attribute").count < 2 else {
      throw Problem(.badRequest, "attribute is given more than once", field: "attribute")
    }
    if let name = values("attribute").first {
      attribute = dataset.attributeNames.firstIndex(of: name)
      guard attribute != nil else {
        throw Problem(.badRequest, "attribute is \"\(name)\", which is none of the images'", field: "attribute")
      }
    }
  }

  func indices(of dataset: any ImageDataset) -> [Int] {
    guard label != nil || attribute != nil else { return Array(0..<dataset.count) }
    return (0..<dataset.count).filter { index in
      (label == nil || dataset.label(at: index) == label)
        && (attribute == nil || dataset.attribute(attribute!, at: index) == true)
    }
  }
}
