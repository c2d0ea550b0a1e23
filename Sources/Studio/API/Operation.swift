import Files

extension Endpoint {
  /// What `/openapi.json` says of an endpoint.
  struct Operation: Sendable {
    let summary: String
    var parameters: [Parameter]
    /// The schemas of the request's body, by media type; empty where none is taken.
    let body: [String: Schema]
    /// A body of JSON that the server takes.
    let example: JSONValue?
    /// The schemas of the answer, by media type.
    let answers: [String: Schema]

    init(
      _ summary: String, parameters: [Parameter] = [], body: [String: Schema] = [:], example: JSONValue? = nil,
      answers: [String: Schema]
    ) {
      (self.summary, self.parameters, self.body, self.answers) = (summary, parameters, body, answers)
      self.example = example
    }
  }

  /// A parameter in the path or behind it.
  struct Parameter: Sendable {
    enum Place: String { case path, query }

    let name: String
    let place: Place
    let schema: Schema
    let description: String
    let isRequired: Bool

    static func path(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
      Parameter(name: name, place: .path, schema: schema, description: description, isRequired: true)
    }

    static func query(
      _ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false
    ) -> Parameter {
      Parameter(name: name, place: .query, schema: schema, description: description, isRequired: isRequired)
    }
  }
}

extension Endpoint.Operation {
  /// The schemas that it refers to, by name.
  var namedSchemas: [String: JSONValue] {
    let all = parameters.map(\.schema) + body.values + answers.values + [Problem.schema]
    return all.reduce(into: [:]) { $0.merge($1.named) { $1 } }
  }

  func json(id: String, isOpen: Bool) -> JSONValue {
    let problem: JSONValue = [
      "description": "What is wrong, in one sentence", "content": Self.content([MediaType.problem: Problem.schema]),
    ]
    var fields: [String: JSONValue] = [
      "operationId": .string(id), "summary": .string(summary),
      "responses": [
        "200": ["description": .string(summary), "content": Self.content(answers)], "4XX": problem, "5XX": problem,
      ],
    ]
    if !parameters.isEmpty { fields["parameters"] = .array(parameters.map(\.json)) }
    if !body.isEmpty { fields["requestBody"] = ["required": true, "content": Self.content(body, example)] }
    if isOpen { fields["security"] = [] }
    return .object(fields)
  }

  /// - Parameter example: of the JSON among the types.
  private static func content(_ schemas: [String: Schema], _ example: JSONValue? = nil) -> JSONValue {
    var content: [String: JSONValue] = [:]
    for (type, schema) in schemas {
      var fields: [String: JSONValue] = ["schema": schema.json]
      if type == MediaType.json, let example { fields["example"] = example }
      if type == MediaType.form { fields["encoding"] = formEncoding }
      content[type] = .object(fields)
    }
    return .object(content)
  }

  /// What the parts of a form are.
  private static let formEncoding: JSONValue = [
    "images": ["contentType": .string(MediaType.pictures.joined(separator: ", "))],
    "request": ["contentType": .string(MediaType.json)],
  ]
}

extension Endpoint.Parameter {
  fileprivate var json: JSONValue {
    var fields: [String: JSONValue] = [
      "name": .string(name), "in": .string(place.rawValue), "schema": schema.json, "description": .string(description),
    ]
    if isRequired { fields["required"] = true }
    return .object(fields)
  }
}
