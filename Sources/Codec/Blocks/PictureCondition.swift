/// What a model is told of a picture, which its archive stores.
public enum PictureCondition: Hashable, Sendable {
  /// Nothing.
  case none
  /// One of the model's labels, by its number.
  case label(Int)
  /// Of each of the model's: 1 with it, -1 without, 0 where it is not known.
  case attributes([Int])

  /// As the flow takes it; nil for nothing.
  /// - Parameter kind: of the archive.
  func values(_ kind: ConditionKind) -> [Double]? {
    switch self {
    case .none: nil
    case .label(let label): (0..<kind.count).map { $0 == label ? 1 : 0 }
    case .attributes(let values): values.map(Double.init)
    }
  }
}

/// What all pictures of an archive are coded under.
public enum ConditionKind: Hashable, Sendable {
  /// Nothing.
  case none
  /// One of so many labels.
  case labels(Int)
  /// What is known of so many attributes.
  case attributes(Int)

  /// How many labels or attributes there are; 0 for nothing.
  public var count: Int {
    switch self {
    case .none: 0
    case .labels(let count), .attributes(let count): count
    }
  }

  func takes(_ condition: PictureCondition) -> Bool {
    switch (self, condition) {
    case (.none, .none): true
    case (.labels(let count), .label(let label)): (0..<count).contains(label)
    case (.attributes(let count), .attributes(let values)): values.count == count && values.allSatisfy { abs($0) <= 1 }
    default: false
    }
  }

  func push(_ condition: PictureCondition, onto stack: SymbolStack) {
    switch condition {
    case .none: break
    case .label(let label): stack.push(UInt64(label), base: UInt64(count))
    case .attributes(let values): for value in values { stack.push(UInt64(value + 1), base: 3) }
    }
  }

  func pop(from stack: SymbolStack) -> PictureCondition {
    switch self {
    case .none: .none
    case .labels(let count): .label(Int(stack.pop(base: UInt64(count))))
    case .attributes(let count): .attributes((0..<count).map { _ in Int(stack.pop(base: 3)) - 1 }.reversed())
    }
  }
}
