/// What goes with an attribute in the images of a training: a hat hides the hair.
public struct AttributeExclusion: Codable, Hashable, Sendable {
  /// The name of the one that excludes others.
  public var attribute: String
  /// Those that no image with it has.
  public var absent: [String]
  /// Those that are not known of images with it.
  public var unknown: [String]
  /// Whether every image has it or one of these.
  public var isChoice: Bool

  /// Nothing is unknown, and no image has to have one of them, unless given.
  public init(attribute: String, absent: [String], unknown: [String] = [], isChoice: Bool = false) {
    self.attribute = attribute
    self.absent = absent
    self.unknown = unknown
    self.isChoice = isChoice
  }

  var others: [String] { absent + unknown }
}

/// A change of what a model is told of an attribute, by its number among ``FlowConfiguration/attributeNames``.
public typealias AttributeChange = (attribute: Int, strength: Double)

extension FlowConfiguration {
  /// What is told of an image, `[attributes]`, when some of it is changed.
  ///
  /// What no image of the training was told at once is not told now. Of an image that is told to have an attribute, those
  /// that exclude it are told to be absent, and nothing is said of those that are not known beside it. Of one that is told
  /// not to have what it had, nothing is said of the others where each image has one of them. All as far as the strength goes, up to 1.
  /// - Parameters:
  ///   - own: what is told of the image as it is, `[attributes]`.
  ///   - way: how far to go, from 0, the image as it is, to 1.
  public func attributes(_ own: [Float], telling changes: [AttributeChange], way: Double = 1) -> [Float] {
    var row = own
    for (attribute, strength) in implied(by: changes, in: own) + changes {
      row[attribute] = own[attribute] + Float(way) * (Float(strength) - own[attribute])
    }
    return row
  }

  /// The names of what ``implied(by:in:)`` says of any of several images.
  /// - Parameter rows: what is told of each, one after the other.
  public func impliedNames(by changes: [AttributeChange], in rows: [Float]) -> [String] {
    let width = attributeNames.count
    let found = stride(from: 0, to: rows.count, by: width).flatMap {
      implied(by: changes, in: Array(rows[$0..<$0 + width])).map(\.attribute)
    }
    return Set(found).sorted().map { attributeNames[$0] }
  }

  /// What ``attributes(_:telling:way:)`` changes beside what was asked for.
  public func implied(by changes: [AttributeChange], in own: [Float]) -> [AttributeChange] {
    let asked = Set(changes.map(\.attribute))
    return changes.flatMap { attribute, strength -> [AttributeChange] in
      guard let exclusion = attributeExclusions.first(where: { $0.attribute == attributeNames[attribute] }) else {
        return []
      }
      let force = min(1, abs(strength))
      func moved(_ names: [String], to value: Double, where isMeant: (Float) -> Bool) -> [AttributeChange] {
        names.compactMap { name in
          guard let place = attributeNames.firstIndex(of: name), !asked.contains(place), isMeant(own[place]) else {
            return nil
          }
          return (place, Double(own[place]) + force * (value - Double(own[place])))
        }
      }
      if strength > 0 {
        return moved(exclusion.absent, to: -1) { $0 > 0 } + moved(exclusion.unknown, to: 0) { $0 != 0 }
      }
      guard strength < 0, exclusion.isChoice, own[attribute] > 0 else { return [] }
      return moved(exclusion.others, to: 0) { $0 < 0 }
    }
  }
}
