import ArgumentParser
import Testing

@testable import GlowCLI

/// What every verb says of itself.
@Suite struct HelpTests {
  /// Every verb that does something, with the words that call it.
  private static func verbs() throws -> [(path: [String], verb: HelpDump)] {
    func all(_ command: HelpDump, _ path: [String]) -> [(path: [String], verb: HelpDump)] {
      let below = (command.subcommands ?? []).filter { $0.commandName != "help" }
      return below.isEmpty ? [(path, command)] : below.flatMap { all($0, path + [$0.commandName]) }
    }
    return all(try #require(HelpDump.of(GlowCommand.self)), [])
  }

  /// Each flag has a text, and says what holds without it: a default, that of the preset, or that there is none.
  @Test func flagsSayWhatHoldsWithoutThem() throws {
    for (path, verb) in try Self.verbs() {
      for argument in verb.arguments ?? [] where argument.shouldDisplay {
        let name = "\(path.joined(separator: " ")) \(argument.spellings.first ?? argument.valueName ?? "")"
        let text = argument.abstract ?? ""
        #expect(text.count > 6, "\(name) has no text")
        guard argument.kind == "option", argument.isOptional, argument.defaultValue == nil else { continue }
        let says = "\(argument.sectionTitle ?? "") \(text)".lowercased()
        #expect(says.contains("by default") || says.contains("without it"), "\(name): \(text)")
      }
    }
  }

  @Test func everyVerbHasExamplesThatAreTaken() throws {
    for (path, verb) in try Self.verbs() {
      let lines = (verb.discussion ?? "").split(separator: "\n").filter { $0.hasPrefix("  glow ") }
      let own = (["glow"] + path).joined(separator: " ")
      #expect(lines.contains { $0.dropFirst(2).hasPrefix(own) }, "\(own) shows no example")
      for line in lines where !line.hasSuffix("...") {
        #expect(line.count < 80, "\(line) is wrapped")
        let words = line.split(separator: " ").dropFirst().map(String.init)
        #expect(words.renamingFlags == words, "\(line): a former name")
        #expect(throws: Never.self, "\(line)") { try GlowCommand.parseAsRoot(words.joiningNegativeNumbers) }
      }
    }
  }

  /// A former name is no flag of its own, and the new one is.
  @Test func formerNamesLeadToFlags() throws {
    let verbs = Dictionary(uniqueKeysWithValues: try Self.verbs().map { ($0.path.joined(separator: " "), $0.verb) })
    for (path, names) in FormerNames.flags {
      let flags = try #require(verbs[path]).flags
      for (former, new) in names {
        #expect(!flags.contains("--" + former) && flags.contains("--" + new), "\(path) --\(former)")
      }
    }
  }

  @Test(arguments: [
    (["train", "--architecture", "realnvp", "--lr=1"], ["train", "--family", "realnvp", "--lr=1"]),
    (["bench", "--steps-of-flow=3"], ["bench", "--steps=3"]),
    (["attributes", "apply", "--steps", "3"], ["attributes", "apply", "--columns", "3"]),
    (["eval", "--steps", "3"], ["eval", "--steps", "3"]),
    (
      ["launch", "--hosts", "2", "--", "train", "--hosts", "2"],
      ["launch", "--machines", "2", "--", "train", "--hosts", "2"]
    ),
  ])
  func formerNamesAreTaken(_ given: [String], _ taken: [String]) { #expect(given.renamingFlags == taken) }

  /// One word means one thing: a flag of two verbs has values of one kind.
  @Test func oneNameForOneThing() throws {
    var kinds: [String: Set<String>] = [:]
    for (_, verb) in try Self.verbs() {
      for argument in verb.arguments ?? [] where argument.kind != "positional" {
        for name in argument.spellings { kinds[name, default: []].insert(argument.kind) }
      }
    }
    #expect(kinds.filter { $0.value.count > 1 }.keys.sorted() == [])
  }

  @Test(arguments: [
    (["trian", "--data", "x"], "glow has no verb \"trian\": did you mean train?"),
    (["data", "lst"], "glow data has no verb \"lst\": did you mean list?"),
    (["eval", "--modell", "x"], "glow eval has no flag --modell: did you mean --model?"),
    (["sample", "--model", "x", "--temp=1"], "glow sample has no flag --temp: did you mean --temperature?"),
    (
      ["attributes", "apply", "--strenght", "1"],
      "glow attributes apply has no flag --strenght: did you mean --strength?"
    ),
    (["zzz"], "glow has no verb \"zzz\""),
  ])
  func misspelledWords(_ arguments: [String], _ sentence: String) throws {
    let lines = try #require(Misspelling(in: arguments)).description.split(separator: "\n")
    #expect(lines.first.map(String.init) == sentence)
  }

  @Test(arguments: [["eval"], ["eval", "--model", "x", "extra"], ["data"], [], ["launch", "-n", "2", "--", "trian"]])
  func noMisspelling(_ arguments: [String]) { #expect(Misspelling(in: arguments) == nil) }
}
