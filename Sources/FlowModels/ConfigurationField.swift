/// A field of a configuration that a person may set by name: `hidden`, on the command line `--hidden 64`.
///
/// ```swift
/// struct Shape { var levels = 2, width = 64.0 }
/// let fields: [ConfigurationField<Shape>] = [
///   .integer("levels", "L, levels.", \.levels), .number("width", "", \.width),
/// ]
/// ```
public struct ConfigurationField<Configuration>: Sendable {
  /// As in the configuration's JSON, such as `minimumScale`.
  public let name: String
  /// A sentence for a list of flags; empty where the name says all.
  public let help: String
  /// What the field holds, and so which ``FieldValue`` it takes.
  public let kind: FieldKind
  /// Sets the field.
  public let set: @Sendable (inout Configuration, FieldValue) -> Void

  private init(
    _ name: String, _ help: String, _ kind: FieldKind,
    set: @escaping @Sendable (inout Configuration, FieldValue) -> Void
  ) {
    self.name = name
    self.help = help
    self.kind = kind
    self.set = set
  }

  /// The field as one of a configuration that holds this one.
  public func inside<Outer>(_ path: WritableKeyPath<Outer, Configuration> & Sendable) -> ConfigurationField<Outer> {
    ConfigurationField<Outer>(name, help, kind) { set(&$0[keyPath: path], $1) }
  }

  /// A field that holds a whole number, such as a number of levels.
  public static func integer(
    _ name: String, _ help: String, _ path: WritableKeyPath<Configuration, Int> & Sendable
  ) -> Self {
    Self(name, help, .integer) { if case .integer(let value) = $1 { $0[keyPath: path] = value } }
  }

  /// A field that holds any number.
  public static func number(
    _ name: String, _ help: String, _ path: WritableKeyPath<Configuration, Double> & Sendable
  ) -> Self {
    Self(name, help, .number) { if case .number(let value) = $1 { $0[keyPath: path] = value } }
  }

  /// A field that is true or false.
  public static func toggle(
    _ name: String, _ help: String, _ path: WritableKeyPath<Configuration, Bool> & Sendable
  ) -> Self {
    Self(name, help, .toggle) { if case .toggle(let value) = $1 { $0[keyPath: path] = value } }
  }

  /// A field that holds a word of an enumeration.
  public static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ help: String, _ path: WritableKeyPath<Configuration, Choice> & Sendable
  ) -> Self where Choice.RawValue == String {
    Self(name, help, .choice(Choice.allCases.map(\.rawValue))) {
      if case .choice(let value) = $1, let choice = Choice(rawValue: value) { $0[keyPath: path] = choice }
    }
  }
}

/// What a field holds.
public enum FieldKind: Sendable, Hashable {
  /// A whole number.
  case integer
  /// Any number.
  case number
  /// True or false.
  case toggle
  /// One of some words.
  case choice([String])
}

/// What a person sets a field to; of the field's kind.
public enum FieldValue: Sendable, Hashable {
  /// For a field that holds a whole number.
  case integer(Int)
  /// For a field that holds any number.
  case number(Double)
  /// For a field that is true or false.
  case toggle(Bool)
  /// One of the words of ``FieldKind/choice(_:)``; another changes nothing.
  case choice(String)
}
