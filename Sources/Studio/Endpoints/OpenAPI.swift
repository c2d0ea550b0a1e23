import FlowModels
import Files
import Analysis

/// The description of the API in OpenAPI 3.1, true of this server: its limits, its model's levels, labels and attributes.
extension Studio {
  var openAPI: JSONValue {
    [
      "openapi": "3.1.0",
      "info": [
        "title": "Glow Studio", "version": "1",
        "description": .string(
          "A trained model (\(model.description.name): \(model.description.summary)) behind HTTP."),
      ],
      "paths": paths,
      "components": .object(
        ["schemas": schemas].merging(
          options.token == nil ? [:] : ["securitySchemes": ["token": ["type": "http", "scheme": "bearer"]]]
        ) { $1 }),
      "security": options.token == nil ? [] : [["token": []]],
    ]
  }

  private var paths: JSONValue {
    [
      "/v1/models": [
        "get": operation("The model: its shape, labels, attributes and limits", answer: reference("Models"))
      ],
      "/v1/data": [
        "get": operation(
          "Images of the data set to choose from", parameters: dataParameters, answer: reference("DataPage"))
      ],
      "/v1/sample": [
        "post": operation(
          "Draw images, or variations of one", body: content(["application/json": reference("Sample")]),
          answer: reference("Pictures"), alsoPNG: true)
      ],
      "/v1/encode": [
        "post": operation(
          "The latents of images, as a safetensors file; in JSON where asked for",
          body: pictureBody([:]),
          answer: reference("Latents"),
          others: [Self.latentsType: .object([:])])
      ],
      "/v1/decode": [
        "post": operation(
          "The images of latents",
          body: content([
            Self.latentsType: .object([:]),
            "application/json": object(["latents": base64("latents")], required: ["latents"]),
          ]), answer: reference("Pictures"), alsoPNG: true)
      ],
      "/v1/interpolate": [
        "post": operation(
          "Images between images: along a path, or by weights", body: interpolateBody, answer: reference("Pictures"),
          alsoPNG: true)
      ],
      "/v1/edit": [
        "post": operation(
          "Images with attributes changed", body: pictureBody(editFields), answer: reference("Pictures"), alsoPNG: true)
      ],
      "/v1/score": [
        "post": operation("How likely images are", body: pictureBody([:]), answer: reference("Scores"))
      ],
      "/v1/runs": ["get": operation("The training runs", answer: reference("Runs"))],
      "/v1/runs/{id}/metrics": [
        "get": operation(
          "Server-sent events of a run: summary, metrics, log, end", parameters: [runParameter],
          others: ["text/event-stream": .object([:])])
      ],
      "/v1/runs/{id}/samples": [
        "get": operation(
          "Samples of a run's last validation", parameters: [runParameter], others: ["image/png": .object([:])])
      ],
      "/healthz": [
        "get": operation(
          "Whether the server lives", answer: object(["status": ["const": "ok"]], required: ["status"]), isOpen: true)
      ],
      "/metrics": [
        "get": operation("Counters for Prometheus", others: ["text/plain": ["type": "string"]])
      ],
      "/openapi.json": ["get": operation("This description", answer: ["type": "object"])],
    ]
  }

  // MARK: - Operations

  private func operation(
    _ summary: String, parameters: [JSONValue] = [], body: JSONValue? = nil, answer: JSONValue? = nil,
    others: [String: JSONValue] = [:], alsoPNG: Bool = false, isOpen: Bool = false
  ) -> JSONValue {
    var types = others
    if let answer { types["application/json"] = answer }
    if alsoPNG { types["image/png"] = .object([:]) }
    let problem: JSONValue = [
      "description": "What is wrong, in one sentence",
      "content": ["application/problem+json": ["schema": reference("Problem")]],
    ]
    var operation: [String: JSONValue] = [
      "summary": .string(summary),
      "responses": [
        "200": .object(["description": .string(summary), "content": contentTypes(types)]), "4XX": problem,
        "5XX": problem,
      ],
    ]
    if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
    if let body { operation["requestBody"] = body }
    if isOpen { operation["security"] = [] }
    return .object(operation)
  }

  private func contentTypes(_ schemas: [String: JSONValue]) -> JSONValue {
    .object(schemas.mapValues { $0 == .object([:]) ? .object([:]) : ["schema": $0] })
  }

  private func content(_ schemas: [String: JSONValue]) -> JSONValue {
    ["required": true, "content": contentTypes(schemas)]
  }

  /// Pictures as JSON with other fields, as the bytes of one, or in a form.
  /// - Parameter alternatives: two of the other fields of which a request has at most one.
  private func pictureBody(
    _ others: [String: JSONValue], images count: ClosedRange<Int>? = nil, alternatives: [String] = []
  ) -> JSONValue {
    let count = count ?? 1...options.imageLimit
    func schema(_ fields: [String: JSONValue], required: [String] = []) -> JSONValue {
      guard !alternatives.isEmpty else { return object(fields, required: required) }
      return [
        "anyOf": .array(alternatives.map { name in object(fields.filter { $0.key != name }, required: required) })
      ]
    }
    let images = array(of: reference("Image"), count: count)
    let files = array(of: ["type": "string", "format": "binary"], count: count)
    var types = [
      "application/json": schema(others.merging(["images": images]) { $1 }, required: ["images"]),
      "multipart/form-data": object(["images": files, "request": schema(others)], required: ["images"]),
    ]
    if count.lowerBound == 1 { for type in Self.pictureTypes { types[type] = .object([:]) } }
    return content(types)
  }

  // MARK: - Requests

  private var dataParameters: [JSONValue] {
    let count = dataset?.count ?? 0
    var parameters = [
      query("from", integer(0...count), "How many matching images to pass over"),
      query("count", integer(1...options.countLimit), "The most images"),
    ]
    if let classes = dataset?.classNames, !classes.isEmpty {
      parameters.append(query("label", integer(0...classes.count - 1), "Only images with this label"))
    }
    if let names = dataset?.attributeNames, !names.isEmpty {
      parameters.append(
        query("attribute", ["type": "string", "enum": .array(names.map { .string($0) })], "Only images with it"))
    }
    return parameters
  }

  private var runParameter: JSONValue {
    [
      "name": "id", "in": "path", "required": true, "schema": ["type": "string", "pattern": "^[^/]+$"],
      "description": "As /v1/runs tells",
    ]
  }

  private func query(_ name: String, _ schema: JSONValue, _ description: String) -> JSONValue {
    ["name": .string(name), "in": "query", "schema": schema, "description": .string(description)]
  }

  private var temperature: JSONValue {
    let one = number(Self.temperatures)
    let levels = model.description.levels
    return [
      "description": "Of all levels, or one a level, the finest first",
      "anyOf": [one, array(of: one, count: levels...levels)],
    ]
  }

  private func labels(count: ClosedRange<Int>) -> JSONValue? {
    model.description.labels.isEmpty ? nil : array(of: label!, count: count)
  }

  private var label: JSONValue? {
    model.description.labels.isEmpty ? nil : integer(0...model.description.labels.count - 1)
  }

  private var interpolateBody: JSONValue {
    let rows = array(
      of: array(of: number(Self.weights), count: 2...options.imageLimit), count: 1...options.countLimit)
    return pictureBody(
      [
        "path": enumeration(LatentPath.Shape.self), "steps": integer(Self.steps), "weights": rows,
      ].compactMapValues { $0 }, images: 2...options.imageLimit,
      alternatives: ["steps", "weights"])
  }

  private var editFields: [String: JSONValue] {
    let names = model.description.attributes.map(\.name)
    return [
      "edits": object(Dictionary(names.map { ($0, number(Self.strengths)) }) { $1 }),
      "direction": enumeration(AttributeDirections.Kind.self), "label": label,
    ].compactMapValues { $0 }
  }

  // MARK: - Schemas

  private var schemas: JSONValue {
    let (whole, real, text, flag): (JSONValue, JSONValue, JSONValue, JSONValue) = (
      ["type": "integer"], ["type": "number"], ["type": "string"], ["type": "boolean"]
    )
    let ownLabel = ["label": label].compactMapValues { $0 }
    let data = object(ownLabel.merging(["data": base64("picture")]) { $1 }, required: ["data"])
    let index = object(
      ownLabel.merging(["index": integer(0...max(0, (dataset?.count ?? 1) - 1))]) { $1 }, required: ["index"])
    let image: JSONValue = dataset == nil ? data : ["oneOf": [data, index]]
    let labels = labels(count: 1...options.countLimit)
    let referenceImages = answerObject(["name": text, "count": whole])
    let input = answerObject(["image": base64("png"), "width": whole, "height": whole, "isFitted": flag])
    let sampleOrigin = object(
      [
        "index": integer(indices), "seed": integer(Self.seeds), "temperature": temperature, "label": label,
      ].compactMapValues { $0 }, required: ["index"])
    let like: JSONValue = [
      "oneOf": [
        object(["image": reference("Image")], required: ["image"]),
        object(["sample": sampleOrigin], required: ["sample"]),
      ]
    ]
    let levels = array(of: integer(1...model.description.levels), count: 0...model.description.levels)
    let common: [String: JSONValue] = [
      "count": integer(1...options.countLimit), "temperature": temperature, "seed": integer(Self.seeds),
    ]
    let sample: JSONValue = [
      "anyOf": [
        object(common.merging(["labels": labels].compactMapValues { $0 }) { $1 }),
        object(common.merging(["like": like, "levels": levels]) { $1 }, required: ["like"]),
      ]
    ]
    return [
      "Image": image, "Sample": sample,
      "Problem": answerObject(
        ["type": text, "title": text, "status": whole, "detail": text], optional: ["field": text]),
      "Models": answerObject([
        "models": array(of: answerObject(modelFields, optional: modelOptionalFields), count: 1...1)
      ]),
      "Pictures": answerObject(
        ["images": array(of: base64("png"), count: 1...1 << 16)],
        optional: ["labels": array(of: whole, count: 1...1 << 16), "inputs": array(of: input, count: 1...1 << 16)]),
      "Latents": answerObject(["latents": base64("latents"), "inputs": array(of: input, count: 1...1 << 16)]),
      "Scores": answerObject(
        [
          "scores": array(
            of: answerObject(
              [
                "width": whole, "height": whole, "isFitted": flag, "bitsPerDimension": real,
                "pngBitsPerDimension": real,
                "corrected": real,
              ], optional: ["percentile": real, "correctedPercentile": real, "deviations": real]),
            count: 1...1 << 16)
        ], optional: ["reference": referenceImages]),
      "DataPage": answerObject([
        "count": whole,
        "images": array(
          of: answerObject(
            ["index": whole, "image": base64("png")],
            optional: ["label": whole, "attributes": array(of: text, count: 0...1 << 16)]), count: 0...1 << 16),
      ]),
      "Runs": answerObject([
        "runs": array(
          of: ["type": "object", "required": ["id", "state", "hasSamples"], "properties": ["id": text]],
          count: 0...1 << 16)
      ]),
    ]
  }

  private var modelFields: [String: JSONValue] {
    let (whole, text): (JSONValue, JSONValue) = (["type": "integer"], ["type": "string"])
    let attribute = answerObject(
      ["name": text, "with": whole, "without": whole], optional: ["areaUnderROC": ["type": "number"]])
    return [
      "name": text, "kind": text, "summary": text, "width": whole, "height": whole, "channels": whole, "bits": whole,
      "parameters": whole, "latentShapes": array(of: array(of: whole, count: 3...3), count: 1...16),
      "labels": array(of: text, count: 0...1 << 16), "attributes": array(of: attribute, count: 0...1 << 16),
      "limits": answerObject(["count": whole, "images": whole, "bytes": whole, "pixels": whole]),
    ]
  }

  private var modelOptionalFields: [String: JSONValue] {
    let (whole, text): (JSONValue, JSONValue) = (["type": "integer"], ["type": "string"])
    return [
      "data": answerObject(["name": text, "split": text, "count": whole]),
      "reference": answerObject(["name": text, "count": whole]),
    ]
  }

  private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

  private func integer(_ range: ClosedRange<Int>) -> JSONValue {
    [
      "type": "integer", "minimum": .number(Double(range.lowerBound)), "maximum": .number(Double(range.upperBound)),
    ]
  }

  private func number(_ range: ClosedRange<Double>) -> JSONValue {
    ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
  }

  private func array(of items: JSONValue, count: ClosedRange<Int>) -> JSONValue {
    [
      "type": "array", "items": items, "minItems": .number(Double(count.lowerBound)),
      "maxItems": .number(Double(count.upperBound)),
    ]
  }

  private func enumeration<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> JSONValue
  where Choice.RawValue == String {
    ["type": "string", "enum": .array(Choice.allCases.map { .string($0.rawValue) })]
  }

  /// - Parameter content: `png`, `picture` (PNG, JPEG or WebP) or `latents` (safetensors).
  private func base64(_ content: String) -> JSONValue {
    ["type": "string", "contentEncoding": "base64", "format": .string("base64-\(content)")]
  }

  /// What a request brings: no other fields are taken.
  private func object(_ properties: [String: JSONValue], required: [String] = []) -> JSONValue {
    var schema: [String: JSONValue] = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
    return .object(schema)
  }

  private func answerObject(
    _ properties: [String: JSONValue], optional: [String: JSONValue] = [:]
  ) -> JSONValue {
    object(properties.merging(optional) { $1 }, required: properties.keys.sorted())
  }
}
