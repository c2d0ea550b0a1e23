import FlowModels
import Hummingbird
import Inference

extension Studio {
  /// - Throws: ``Problem``.
  func body(of request: Request, _ context: StudioContext) async throws -> [UInt8] {
    try await request.wholeBody(atMost: options.bodyLimit, within: options.timeLimit, from: bodies, context)
  }

  /// Answers a request, whose body must be JSON, by what `work` makes of its fields.
  /// - Throws: ``Problem``; what `work` throws.
  func answering(
    _ request: Request, _ context: StudioContext,
    _ work: @escaping @Sendable (RequestFields) async throws -> Response
  ) async throws -> Response {
    guard request.mediaType == MediaType.json else {
      throw unsupported(request.mediaType ?? "none", [MediaType.json])
    }
    try request.requireUTF8()
    let body = try await body(of: request, context)
    return try await working(context) { try await work(RequestFields(body)) }
  }

  func unsupported(_ type: String, _ expected: [String]) -> Problem {
    Problem(.unsupportedMediaType, "the content type is \(type), expected \(expected.joined(separator: " or "))")
  }

  func labels(_ fields: inout RequestFields, count: ClosedRange<Int>) throws -> [Int]? {
    guard fields.has("labels") else { return nil }
    try requireLabels(fields.name("labels"))
    return try fields.integers("labels", in: 0...model.description.labels.count - 1, count: count)
  }

  func label(_ fields: inout RequestFields) throws -> Int? {
    guard fields.has("label") else { return nil }
    try requireLabels(fields.name("label"))
    return try fields.integer("label", in: 0...model.description.labels.count - 1)
  }

  /// What the model is told of attributes, by their names.
  func conditions(_ fields: inout RequestFields) throws -> [String: Double] {
    let names = model.description.conditions
    return try fields.numbers(
      "conditions", by: names, of: "attribute that the model is told\(names.isEmpty ? ", which is told none" : "")",
      in: AttributeStrength.range) ?? [:]
  }

  /// Nil for a model that is told no attributes.
  var conditionsSchema: Schema? {
    let names = model.description.conditions
    guard !names.isEmpty else { return nil }
    return .object(Dictionary(names.map { ($0, Schema.real(AttributeStrength.range)) }) { $1 })
      .described(
        as:
          "What the model is told of attributes: 1 with it, -1 without, more of either to exaggerate; nothing of the others"
      )
  }

  private static let othersRange = 0...AttributeStrength.range.upperBound

  /// How strongly samples are told the attributes that the request does not name.
  func others(_ fields: inout RequestFields) throws -> Double {
    guard fields.has("others") else { return AttributeStrength.ofOthers }
    guard !model.description.conditions.isEmpty else {
      throw Problem(
        .badRequest, "\(fields.name("others")) is given, but the model is told no attributes",
        field: fields.name("others"))
    }
    return try fields.number("others", in: Self.othersRange)!
  }

  /// Nil for a model that is told no attributes.
  var othersSchema: Schema? {
    model.description.conditions.isEmpty
      ? nil
      : Schema.real(Self.othersRange).described(
        as: "How strongly it is told the others, each sample those of an image of the training; 0 for not at all")
  }

  /// Nil for a model without labels.
  var labelSchema: Schema? {
    model.description.labels.isEmpty ? nil : .whole(0...model.description.labels.count - 1)
  }

  private func requireLabels(_ field: String) throws {
    guard model.description.labels.isEmpty else { return }
    throw Problem(.badRequest, "\(field) is given, but the model has no labels", field: field)
  }
}
