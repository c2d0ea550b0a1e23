/// A part of a layout that differs from model to model.
struct LayoutChoice: Decodable, Sendable {
  var name: String
  /// Of those whose condition holds the first is meant, unless another is asked for.
  var options: [LayoutOption]

  private enum Key: String, CodingKey, CaseIterable { case name, options }

  init(from decoder: any Decoder) throws {
    try decoder.requireKeys(Key.self)
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    options = try container.decode([LayoutOption].self, forKey: .options)
  }
}
