import ArgumentParser
import FlowModels
import Foundation

/// Flags that change a preset's model: the fields of all families, each under its own name, and what the model is told of an
/// image.
typealias ModelFlags = GivenFlags<ModelFlagList>

enum ModelFlagList: SettingFlagList {
  /// What was asked for, by the fields' names; `labels` is how to condition on labels, `condition` on which attributes.
  typealias Settings = [String: FieldValue]

  static let (labels, condition) = ("labels", "condition")

  static var flags: [SettingFlag<Settings>] {
    var names: [String] = []
    for field in entries where !names.contains(field.name) { names.append(field.name) }
    let labels = SettingFlag<Settings>.choice(
      labels, of: words(ModelFamilies.all.map { .choice($0.labelConditionings) }),
      "Condition on the images' labels, where they have any."
    ) { $0[Self.labels] = .choice($1) }
    let condition = SettingFlag<Settings>.option(
      condition, ArgumentHelp("Condition on attributes of the images: some, all, or none.", valueName: "names")
    ) { (settings, names: String) in settings[Self.condition] = .choice(names) }
    return names.map(flag) + [labels, condition]
  }

  private typealias Entry = (name: String, help: String, kind: FieldKind, family: any FlowConfiguration.Type)

  private static var entries: [Entry] { ModelFamilies.all.flatMap { entries(of: $0) } }

  private static func entries<Family: FlowConfiguration>(of family: Family.Type) -> [Entry] {
    family.fields.map { ($0.name, $0.help, $0.kind, family) }
  }

  private static func flag(_ name: String) -> SettingFlag<Settings> {
    let fields = entries.filter { $0.name == name }
    let (flag, help) = (flagName(name), ArgumentHelp(stringLiteral: help(fields)))
    switch fields[0].kind {
    case .integer: return .option(flag, help) { $0[name] = .integer($1) }
    case .number: return .option(flag, help) { $0[name] = .number($1) }
    case .toggle: return .toggle(flag, help) { $0[name] = .toggle($1) }
    case .choice:
      return .choice(flag, of: words(fields.map(\.kind)), Self.help(fields)) { $0[name] = .choice($1) }
    }
  }

  /// The words of several choices, each once.
  private static func words(_ kinds: [FieldKind]) -> [String] {
    kinds.flatMap { kind in if case .choice(let words) = kind { words } else { [String]() } }
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// What the families say of one field, the first family's words first.
  private static func help(_ fields: [Entry]) -> String {
    func lowered(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }
    let first = fields[0]
    var text = first.family == ModelFamilies.all[0] ? first.help : "Of \(first.family.title): \(lowered(first.help))"
    for field in fields.dropFirst() where field.help != first.help {
      text =
        (text.hasSuffix(".") ? String(text.dropLast()) : text) + "; of \(field.family.title), \(lowered(field.help))"
    }
    return text
  }
}

/// `minimumScale` as `minimum-scale`.
func flagName(_ field: String) -> String {
  field.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
}

extension GivenFlags where List == ModelFlagList {
  private var values: [String: FieldValue] {
    var values: [String: FieldValue] = [:]
    apply(to: &values)
    return values
  }

  /// Throws for the first flag that was given and has no meaning for a family.
  func requireMeaning<Family: FlowConfiguration>(for family: Family.Type) throws {
    let values = values
    func flagNames<Other: FlowConfiguration>(_ family: Other.Type) -> Set<String> {
      Set(family.fields.map { flagName($0.name) })
    }
    let known = flagNames(family)
    for name in names where !known.contains(name) {
      if name == ModelFlagList.labels, case .choice(let word) = values[name], family.labelConditionings.contains(word) {
        continue
      }
      if name == ModelFlagList.condition, family.labelConditionings.count > 1 { continue }
      let having = ModelFamilies.all.filter { flagNames($0).contains(name) }.map { "--family \($0.kind)" }
      throw ValidationError(
        "--\(name) has no meaning for a \(family.title): leave it out"
          + (having.isEmpty ? "" : ", or choose a family that has it: \(having.joined(separator: " or "))"))
    }
    for field in family.fields {
      guard case .choice(let word) = values[field.name], case .choice(let words) = field.kind else { continue }
      if words.contains(word) { continue }
      throw ValidationError(
        "--\(flagName(field.name)) \(word) has no meaning for a \(family.title): expected one of "
          + words.joined(separator: ", "))
    }
  }

  /// - Parameters:
  ///   - names: the labels of the images.
  ///   - attributes: of the images; nil where they are not known yet.
  func apply(to model: inout any FlowConfiguration, labels names: [String], attributes: [String]?) throws {
    func set<Family: FlowConfiguration>(_ own: Family) throws -> Family {
      try requireMeaning(for: Family.self)
      var (own, values) = (own, values)
      for field in Family.fields { if let value = values[field.name] { field.set(&own, value) } }
      var conditioning: String?
      if case .choice(let word) = values.removeValue(forKey: ModelFlagList.labels) { conditioning = word }
      var chosen: String?
      if case .choice(let text) = values.removeValue(forKey: ModelFlagList.condition) { chosen = text }
      // A preset of a model with attributes takes those that there are.
      let told =
        try chosen.map { try Self.attributes($0, of: attributes) }
        ?? (own.attributeNames.isEmpty ? [] : attributes ?? [])
      guard told.isEmpty || conditioning == nil || conditioning == "none" else {
        throw ValidationError(
          "--labels \(conditioning!) and --condition: a model is conditioned on labels or on attributes, leave one out")
      }
      do {
        try own.condition(onLabels: names, as: told.isEmpty ? conditioning : "none")
        if !told.isEmpty || !own.attributeNames.isEmpty { try own.condition(onAttributes: told) }
      } catch let error as ModelError { throw ValidationError(error.description) }
      return own
    }
    model = try set(model)
  }

  /// What --condition asks for, as the data write it.
  private static func attributes(_ text: String, of known: [String]?) throws -> [String] {
    if text == "none" { return [] }
    let names = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    guard !names.isEmpty else { throw ValidationError("--condition names no attribute, expected some, all or none") }
    guard let known else { return text == "all" ? ["one"] : names }
    guard !known.isEmpty else {
      throw ValidationError(
        "--condition \(text): the images have no attributes; a file attributes.csv beside the pictures gives them")
    }
    if text == "all" { return known }
    let found = try names.map { name in
      guard let own = known.first(where: { $0 == name }) ?? known.first(where: { $0.lowercased() == name.lowercased() })
      else {
        throw ValidationError("--condition \(name) is none of the images' attributes: \(known.joined(separator: ", "))")
      }
      return own
    }
    guard Set(found).count == found.count else { throw ValidationError("--condition \(text) names an attribute twice") }
    return found
  }
}

/// The families of models, by the names that checkpoints have for them.
struct FamilyName: ExpressibleByArgument {
  let type: any FlowConfiguration.Type

  init?(argument: String) {
    guard let family = ModelFamilies.named(argument) else { return nil }
    self.type = family
  }

  static var allValueStrings: [String] { ModelFamilies.all.map { $0.kind } }
  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
  var defaultValueDescription: String { type.kind }
}
