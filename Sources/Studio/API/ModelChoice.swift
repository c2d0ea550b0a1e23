import Hummingbird

extension Studio {
  fileprivate static let parameter = "model"

  /// The model that a request names, else the first.
  /// - Parameter others: the other parameters that its address takes.
  /// - Throws: ``Problem`` for a name that is none, or a parameter that the address does not take: a misspelt `model`
  ///   must not choose another one.
  func chosenModel(_ request: Request, beside others: [String]) async throws -> StudioModel {
    try request.requireParameters(among: others + [Self.parameter])
    let names = try request.queryFields().filter { $0.name == Self.parameter }.map(\.value)
    guard let name = names.first else { return library.first }
    guard names.count == 1 else {
      throw Problem(.badRequest, "\(Self.parameter) is given more than once", field: Self.parameter)
    }
    let found: StudioModel?
    do { found = try await library.model(named: name) } catch is CancellationError { throw CancellationError() } catch {
      throw Problem(.serviceUnavailable, "the model \(name) cannot be loaded: \(error)", field: Self.parameter)
    }
    guard let model = found else {
      throw Problem(
        .notFound, "there is no model \"\(name.prefix(100))\": /v1/models lists those that there are",
        field: Self.parameter)
    }
    return model
  }

  /// What the description of an address says of the choice. The rest of the description is true of one model, and so that
  /// is the only one that it allows.
  var modelParameter: Endpoint.Parameter {
    let others = library.names.count > 1 ? ": /openapi.json?model=NAME has those of the others" : ""
    return .query(
      Self.parameter, .choice([served.name]), "The model that this description is of\(others)",
      isRequired: served.name != library.first.name)
  }

  /// The same of an address that takes any model.
  var anyModelParameter: Endpoint.Parameter {
    .query(Self.parameter, .choice(library.names), "The model; the first of /v1/models where none is named")
  }
}

extension Endpoint.Operation {
  var takesModel: Bool { parameters.contains { $0.name == Studio.parameter } }
}
