import Files
import Datasets
import Hummingbird
import Imaging
import Torch

extension Studio {
  func models(_ request: Request, _ context: StudioContext) throws -> Response {
    guard case .object(var fields) = try JSONValue(encoding: model.description) else {
      fatalError("a model is an object")
    }
    fields["limits"] = [
      "count": .number(Double(options.countLimit)), "images": .number(Double(options.imageLimit)),
      "bytes": .number(Double(options.bodyLimit)), "pixels": .number(Double(options.pixelLimit)),
    ]
    if let dataset {
      fields["data"] = [
        "name": .string(dataset.name), "split": .string(dataset.split.rawValue),
        "count": .number(Double(dataset.count)),
      ]
    }
    if let reference = model.state.reference { fields["reference"] = try JSONValue(encoding: reference) }
    return answer(["models": [.object(fields)]])
  }

  /// Images of the data set to choose from.
  func data(_ request: Request, _ context: StudioContext) throws -> Response {
    guard let dataset else { throw Problem(.notFound, "the server has no data set: start it with --data") }
    let query = try Query(request, of: dataset, most: options.countLimit)
    let matching = query.indices(of: dataset)
    let page = matching.dropFirst(query.from).prefix(query.count)
    let images = try page.map { index -> JSONValue in
      var fields: [String: JSONValue] = [
        "index": .number(Double(index)), "image": .string(try dataset.image(at: index).base64PNG()),
      ]
      if let label = dataset.label(at: index) { fields["label"] = .number(Double(label)) }
      let attributes = dataset.attributeNames.indices.filter { dataset.attribute($0, at: index) == true }
      if !attributes.isEmpty { fields["attributes"] = .array(attributes.map { .string(dataset.attributeNames[$0]) }) }
      return .object(fields)
    }
    return answer(["count": .number(Double(matching.count)), "images": .array(images)])
  }

  private struct Query {
    var from: Int
    var count: Int
    var label: Int?
    var attribute: Int?

    init(_ request: Request, of dataset: any ImageDataset, most: Int) throws {
      let given = request.uri.queryParameters
      let known = ["from", "count", "label", "attribute"]
      if let stranger = given.first(where: { !known.contains(String($0.key)) }) {
        throw Problem(.badRequest, "\(stranger.key) is no parameter of this address", field: String(stranger.key))
      }
      func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        let values = given.getAll(name)
        guard let text = values.first else { return nil }
        guard values.count == 1, let value = Int(text), "\(value)" == text, range.contains(value) else {
          throw Problem(
            .badRequest,
            "\(name) is \"\(text)\", expected one whole number from \(range.lowerBound) to \(range.upperBound)",
            field: name)
        }
        return value
      }
      from = try integer("from", in: 0...dataset.count) ?? 0
      count = try integer("count", in: 1...most) ?? min(24, most)
      label = nil
      if given["label"] != nil {
        guard !dataset.classNames.isEmpty else {
          throw Problem(.badRequest, "the images have no labels", field: "label")
        }
        label = try integer("label", in: 0...dataset.classNames.count - 1)
      }
      guard given.getAll("attribute").count < 2 else {
        throw Problem(.badRequest, "attribute is given more than once", field: "attribute")
      }
      if let name = given["attribute"] {
        attribute = dataset.attributeNames.firstIndex(of: String(name))
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

  func health(_ request: Request, _ context: StudioContext) -> Response { answer(["status": "ok"]) }

  func prometheus(_ request: Request, _ context: StudioContext) -> Response {
    let state = model.state
    var readings = [
      MetricsRegistry.Reading(
        name: "glow_images_waiting", help: "Images under way or waiting for the model.", kind: .gauge,
        value: Double(state.imagesUnderWay)),
      .init(
        name: "glow_model_batches_total", help: "Passes through the model.", kind: .counter,
        value: Double(state.batches)),
      .init(
        name: "glow_model_images_total", help: "Images in all passes through the model.", kind: .counter,
        value: Double(state.images)),
      .init(name: "glow_tensors", help: "Tensors alive.", kind: .gauge, value: Double(Tensor.liveHandles)),
    ]
    if let bytes = ProcessMemory.resident {
      readings.append(
        .init(
          name: "process_resident_memory_bytes", help: "Memory of the process.", kind: .gauge, value: Double(bytes)))
    }
    let help = [
      CountingMiddleware.requests: "Requests answered; status 499: the client went away.",
      CountingMiddleware.duration: "Time until the answer was ready to be written.",
    ]
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text(help: help, readings))))
  }
}
