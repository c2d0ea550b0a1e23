/// Binary attributes of images: for each image and attribute yes, no or not known.
package struct AttributeTable: Sendable, Equatable {
  /// One byte a value, as packed shards store it.
  enum State: UInt8 {
    case no = 0
    case yes = 1
    case unknown = 255
  }

  let names: [String]
  /// `[images, attributes]`, row-major; a `State` each.
  private var states: [UInt8] = []

  init(names: [String]) { self.names = names }

  mutating func append(_ row: [State]) {
    precondition(row.count == names.count, "a row has \(row.count) attributes, expected \(names.count)")
    states += row.map(\.rawValue)
  }

  var count: Int { names.isEmpty ? 0 : states.count / names.count }

  subscript(image: Int, attribute: Int) -> Bool? {
    precondition(names.indices.contains(attribute), "attribute \(attribute) is outside \(names.indices)")
    return State(rawValue: states[image * names.count + attribute])?.isYes
  }

  /// The rows of some images, in that order.
  func selecting(_ images: [Int]) -> AttributeTable {
    var selected = AttributeTable(names: names)
    selected.states.reserveCapacity(images.count * names.count)
    for image in images { selected.states += states[image * names.count..<(image + 1) * names.count] }
    return selected
  }
}

extension AttributeTable.State {
  init(_ value: Bool?) { self = value.map { $0 ? .yes : .no } ?? .unknown }

  var isYes: Bool? { self == .unknown ? nil : self == .yes }
}
