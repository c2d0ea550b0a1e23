import Files
import Hummingbird

extension Endpoint {
  static let openAPI = Endpoint("getDescription", forModel: .get, "/openapi.json", Studio.openAPI) { studio in
    Operation(
      "This description", parameters: [studio.anyModelParameter],
      answers: [MediaType.json: Schema(["type": "object"])])
  }
}

extension Studio {
  func openAPI(_ request: Request, _ context: StudioContext) -> Response { Response(json: openAPI) }

  /// The description of the API in OpenAPI 3.1, true of this server and one of its models: the limits, the model's levels,
  /// labels and attributes.
  var openAPI: JSONValue {
    var paths: [String: [String: JSONValue]] = [:]
    var schemas: [String: JSONValue] = [:]
    for endpoint in Endpoint.all {
      var operation = endpoint.operation(self)
      if endpoint.isForModel, !operation.takesModel { operation.parameters.append(modelParameter) }
      let method = endpoint.method.rawValue.lowercased()
      paths[endpoint.path, default: [:]][method] = operation.json(id: endpoint.id, isOpen: endpoint.isOpen)
      schemas.merge(operation.namedSchemas) { $1 }
    }
    var components: [String: JSONValue] = ["schemas": .object(schemas)]
    if options.token != nil { components["securitySchemes"] = ["token": ["type": "http", "scheme": "bearer"]] }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Glow Studio", "version": "1",
        "description": .string(
          "A trained model (\(served.name): \(model.description.summary)) behind HTTP."),
      ],
      "paths": .object(paths.mapValues { .object($0) }), "components": .object(components),
      "security": options.token == nil ? [] : [["token": []]],
    ]
  }
}
