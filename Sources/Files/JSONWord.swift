/// A setting that is one of some words. Any other word is refused with the words that there are.
public protocol JSONWord: RawRepresentable, CaseIterable, Codable where RawValue == String {}

extension JSONWord {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let word = try container.decode(String.self)
    guard let value = Self(rawValue: word) else {
      let words = Self.allCases.map { "\"\($0.rawValue)\"" }
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "it is \"\(word)\", expected " + (words.count > 1 ? "one of " : "")
          + words.joined(separator: ", "))
    }
    self = value
  }
}
