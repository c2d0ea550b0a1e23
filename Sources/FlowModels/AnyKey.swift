/// A key of whatever name.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// Throws a `DecodingError` if the object here has a key that `Key` lacks.
  func requireKeys<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws {
    let known = Set(Key.allCases.map(\.stringValue))
    let container = try container(keyedBy: AnyKey.self)
    guard let stranger = container.allKeys.map(\.stringValue).sorted().first(where: { !known.contains($0) }) else {
      return
    }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath + [AnyKey(stringValue: stranger)],
        debugDescription: "there is no such field, expected one of \(known.sorted().joined(separator: ", "))"))
  }
}
