import ArgumentParser
import Files
import Foundation

/// A flag that changes one setting, written once: its name, its help, how it is read and what it sets.
struct SettingFlag<Settings> {
  typealias Change = (inout Settings) -> Void

  /// Without the dashes.
  let name: String
  /// The declaration, as ArgumentParser finds it by reflection.
  let declaration: Any
  /// What the flag changes; nil where it was not given.
  let read: (KeyedDecodingContainer<AnyKey>) throws -> Change?

  static func option<Value: ExpressibleByArgument>(
    _ name: String, _ help: ArgumentHelp = "", set: @escaping (inout Settings, Value) -> Void
  ) -> Self {
    Self(name: name, declaration: Option<Value?>(name: .customLong(name), help: help)) { container in
      try container.decode(Option<Value?>.self, forKey: AnyKey(stringValue: name)).wrappedValue.map { value in
        { set(&$0, value) }
      }
    }
  }

  static func option<Value: ExpressibleByArgument>(
    _ name: String, _ help: ArgumentHelp = "", _ path: WritableKeyPath<Settings, Value>
  ) -> Self {
    option(name, help) { $0[keyPath: path] = $1 }
  }

  static func option<Value: ExpressibleByArgument>(
    _ name: String, _ help: ArgumentHelp = "", _ path: WritableKeyPath<Settings, Value?>
  ) -> Self {
    option(name, help) { $0[keyPath: path] = $1 }
  }

  /// - Parameter transform: reads the value, or says what is wrong with it.
  static func option<Value>(
    _ name: String, _ help: ArgumentHelp, transform: @escaping @Sendable (String) throws -> Value,
    _ path: WritableKeyPath<Settings, Value>
  ) -> Self {
    Self(
      name: name, declaration: Option<Value?>(name: .customLong(name), help: help, transform: transform)
    ) { container in
      try container.decode(Option<Value?>.self, forKey: AnyKey(stringValue: name)).wrappedValue.map { value in
        { $0[keyPath: path] = value }
      }
    }
  }

  /// One of some words.
  static func choice(
    _ name: String, of words: [String], _ help: String, set: @escaping (inout Settings, String) -> Void
  ) -> Self {
    let values = "(values: \(words.joined(separator: ", ")))"
    let option = Option<String?>(
      name: .customLong(name), help: ArgumentHelp(stringLiteral: help.isEmpty ? values : "\(help) \(values)"),
      completion: .list(words)
    ) { word in
      guard words.contains(word) else {
        throw ValidationError("Please provide one of \(words.map { "'\($0)'" }.joined(separator: ", ")).")
      }
      return word
    }
    return Self(name: name, declaration: option) { container in
      try container.decode(Option<String?>.self, forKey: AnyKey(stringValue: name)).wrappedValue.map { word in
        { set(&$0, word) }
      }
    }
  }

  /// `--NAME` and `--no-NAME`.
  static func toggle(
    _ name: String, _ help: ArgumentHelp = "", set: @escaping (inout Settings, Bool) -> Void
  ) -> Self {
    let flag = Flag<Bool?>(name: .customLong(name), inversion: .prefixedNo, help: help)
    return Self(name: name, declaration: flag) { container in
      try container.decode(Flag<Bool?>.self, forKey: AnyKey(stringValue: name)).wrappedValue.map { value in
        { set(&$0, value) }
      }
    }
  }
}

/// Flags that change settings of one kind.
protocol SettingFlagList {
  associatedtype Settings

  static var flags: [SettingFlag<Settings>] { get }
}

/// Which flags of a list were given.
struct GivenFlags<List: SettingFlagList>: ParsableArguments, CustomReflectable {
  private var changes: [(name: String, change: SettingFlag<List.Settings>.Change)] = []

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: AnyKey.self)
    changes = try List.flags.compactMap { flag in try flag.read(container).map { (flag.name, $0) } }
  }

  /// What ArgumentParser looks at to know which flags there are.
  var customMirror: Mirror {
    Mirror(self, children: List.flags.map { (label: $0.name as String?, value: $0.declaration) })
  }

  /// In the order of the list.
  var names: [String] { changes.map(\.name) }

  func apply(to settings: inout List.Settings) {
    for (_, change) in changes { change(&settings) }
  }
}
