/// An option of a kind of data set: `NAME=NUMBER` between the kind and the folder, or `NAME` where it is yes or no.
struct DatasetOption: Sendable, Hashable {
  let name: String
  /// What the number is, for errors, such as `PIXELS`; nil where the name stands alone.
  let number: String?
  /// Other spellings that are read, but not written.
  let otherNames: [String]

  /// An option with a number, from 1 to 65536.
  init(_ name: String, _ number: String, otherNames: [String] = []) {
    (self.name, self.number, self.otherNames) = (name, number, otherNames)
  }

  /// An option without one.
  init(flag name: String) { (self.name, number, otherNames) = (name, nil, []) }

  /// The most pixels of a picture, in millions.
  static let megapixels = DatasetOption("megapixels", "NUMBER")

  /// The option as an error says it.
  var form: String { number.map { "\(name)=\($0)" } ?? name }

  /// The option as a source is written with it.
  func written(_ value: Int) -> String { number == nil ? name : "\(name)=\(value)" }
}
