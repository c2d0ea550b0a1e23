import Files

extension Endpoint {
  /// What `/openapi.json` says of an endpoint.
  struct Operation: Sendable {
    let summary: String
    let parameters: [Parameter]
    /// The schemas of the request's body, by media type; empty where none is taken.
    let body: [String: Schema]
    /// The schemas of the answer, by media type.
    let answers: [String: Schema]

    init(
      _ summary: String, parameters: [Parameter] = [], body: [String: Schema] = [:], answers: [String: Schema]
    ) {
      (self.summary, self.parameters, self.body, self.answers) = (summary, parameters, body, answers)
    }
  }

  /// A parameter in the path or behind it.
  struct Parameter: Sendable {
    enum Place: String { case path, query }

    let name: String
    let place: Place
    let schema: Schema
    let description: String

    static func path(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
      Parameter(name: name, place: .path, schema: schema, description: description)
    }

    static func query(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
      Parameter(name: name, place: .query, schema: schema, description: description)
    }
  }
}

extension Endpoint.Operation {
  /// The schemas that it refers to, by name.
  var namedSchemas: [String: JSONValue] {
    let all = parameters.map(\.schema) + body.values + answers.values + [Problem.schema]
    return all.reduce(into: [:]) { $0.merge($1.named) { $1 } }
  }

  func json(isOpen: Bool) -> JSONValue {
    let problem: JSONValue = [
      "description": "What is wrong, in one sentence", "content": Self.content([MediaType.problem: Problem.schema]),
    ]
    var fields: [String: JSONValue] = [
      "summary": .string(summary),
      "responses": [
        "200": ["description": .string(summary), "content": Self.content(answers)], "4XX": problem, "5XX": problem,
      ],
    ]
    if !parameters.isEmpty { fields["parameters"] = .array(parameters.map(\.json)) }
    if !body.isEmpty { fields["requestBody"] = ["required": true, "content": Self.content(body)] }
    if isOpen { fields["security"] = [] }
    return .object(fields)
  }

  private static func content(_ schemas: [String: Schema]) -> JSONValue {
    .object(schemas.mapValues { $0.json == Schema.bytes.json ? [:] : ["schema": $0.json] })
  }
}

extension Endpoint.Parameter {
  fileprivate var json: JSONValue {
    var fields: [String: JSONValue] = [
      "name": .string(name), "in": .string(place.rawValue), "schema": schema.json, "description": .string(description),
    ]
    if place == .path { fields["required"] = true }
    return .object(fields)
  }
}
