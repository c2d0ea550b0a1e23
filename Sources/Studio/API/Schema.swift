import Files

/// A JSON schema, together with those that it refers to by name.
struct Schema: Sendable {
  let json: JSONValue
  /// The schemas within it that ``called(_:)`` has given names to.
  let named: [String: JSONValue]

  /// - Parameter parts: the schemas that are part of this one.
  init(_ json: JSONValue, parts: some Sequence<Schema> = []) {
    self.json = json
    named = parts.reduce(into: [:]) { $0.merge($1.named) { $1 } }
  }

  private init(_ json: JSONValue, named: [String: JSONValue]) { (self.json, self.named) = (json, named) }

  /// A reference to this schema, which gets a place of its own in the document.
  func called(_ name: String) -> Schema {
    Schema(["$ref": .string("#/components/schemas/\(name)")], named: named.merging([name: json]) { $1 })
  }

  func described(as text: String) -> Schema {
    guard case .object(var fields) = json else { return self }
    fields["description"] = .string(text)
    return Schema(.object(fields), named: named)
  }

  // MARK: - Values

  static let text = Schema(["type": "string"])
  /// What an answer called a picture that was sent, as long as the server keeps it.
  static let keptPicture = Schema(["type": "string", "format": "kept-picture"])
  static let flag = Schema(["type": "boolean"])
  static let whole = Schema(["type": "integer"])
  static let real = Schema(["type": "number"])
  /// A file's content, as a body or as a part of a form.
  static let file = Schema(["type": "string", "format": "binary"])

  static func constant(_ value: JSONValue) -> Schema { Schema(["const": value]) }

  static func whole(_ range: ClosedRange<Int>) -> Schema {
    Schema([
      "type": "integer", "minimum": .number(Double(range.lowerBound)), "maximum": .number(Double(range.upperBound)),
    ])
  }

  static func real(_ range: ClosedRange<Double>) -> Schema {
    Schema(["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)])
  }

  static func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> Schema
  where Choice.RawValue == String {
    choice(Choice.allCases.map(\.rawValue))
  }

  static func choice(_ values: [String]) -> Schema {
    Schema(["type": "string", "enum": .array(values.map { .string($0) })])
  }

  /// - Parameter content: `png`, `picture` (PNG, JPEG or WebP) or `latents` (safetensors).
  static func base64(_ content: String) -> Schema {
    Schema(["type": "string", "contentEncoding": "base64", "format": .string("base64-\(content)")])
  }

  // MARK: - Schemas made of others

  static func list(of items: Schema, count: ClosedRange<Int>) -> Schema {
    Schema(
      [
        "type": "array", "items": items.json, "minItems": .number(Double(count.lowerBound)),
        "maxItems": .number(Double(count.upperBound)),
      ], parts: [items])
  }

  /// A list in which nothing stands twice.
  static func set(of items: Schema, count: ClosedRange<Int>) -> Schema {
    guard case .object(var fields) = list(of: items, count: count).json else { return items }
    fields["uniqueItems"] = true
    return Schema(.object(fields), parts: [items])
  }

  /// A list in an answer, of which no length is promised.
  static func list(of items: Schema, atLeast least: Int = 0) -> Schema { list(of: items, count: least...1 << 16) }

  /// An object in a request: it may have no other fields. Those that are nil are left out.
  static func object(_ fields: [String: Schema?], required: [String] = []) -> Schema {
    let fields = fields.compactMapValues(\.self)
    var json: [String: JSONValue] = [
      "type": "object", "properties": .object(fields.mapValues(\.json)), "additionalProperties": false,
    ]
    if !required.isEmpty { json["required"] = .array(required.map { .string($0) }) }
    return Schema(.object(json), parts: fields.values)
  }

  /// An object in an answer: it has all of `fields`, and perhaps some of `optional`.
  static func answer(_ fields: [String: Schema], optional: [String: Schema] = [:]) -> Schema {
    object(fields.merging(optional) { $1 }, required: fields.keys.sorted())
  }

  static func any(of schemas: [Schema]) -> Schema { Schema(["anyOf": .array(schemas.map(\.json))], parts: schemas) }

  static func one(of schemas: [Schema]) -> Schema { Schema(["oneOf": .array(schemas.map(\.json))], parts: schemas) }
}
