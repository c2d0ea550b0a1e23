import ArgumentParser
import Foundation

/// What a command says of itself: its verbs and flags.
struct HelpDump: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }

    /// `positional`, `option` or `flag`.
    var kind: String
    var isOptional: Bool
    var shouldDisplay: Bool
    var names: [Name]?
    var abstract: String?
    var defaultValue: String?
    var sectionTitle: String?
    var valueName: String?

    /// As they are written: `--seed`, `-n`.
    var spellings: [String] { (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name } }
  }

  private struct Whole: Decodable { var command: HelpDump }

  var commandName: String
  var abstract: String?
  var discussion: String?
  /// Nil for one that has none.
  var subcommands: [HelpDump]?
  var arguments: [Argument]?

  var flags: [String] { (arguments ?? []).flatMap(\.spellings) }

  /// Nil where ArgumentParser tells nothing.
  static func of(_ command: (some ParsableCommand).Type) -> HelpDump? {
    do { _ = try command.parseAsRoot(["--experimental-dump-help"]) } catch {
      let text = command.fullMessage(for: error)
      return try? JSONDecoder().decode(Whole.self, from: Data(text.utf8)).command
    }
    return nil
  }
}
