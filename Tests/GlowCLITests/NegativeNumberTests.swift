import ArgumentParser
import Foundation
import Testing

@testable import GlowCLI

/// Values that begin with a dash, after every flag of every command.
@Suite struct NegativeNumberTests {
  private static func message(_ arguments: [String]) -> String? {
    do {
      _ = try GlowCommand.parseAsRoot(arguments)
      return nil
    } catch { return GlowCommand.fullMessage(for: error) }
  }

  /// Every command with the words that call it.
  private static func commands() throws -> [(path: [String], command: HelpDump)] {
    func all(_ command: HelpDump, _ path: [String]) -> [(path: [String], command: HelpDump)] {
      [(path, command)]
        + (command.subcommands ?? []).filter { $0.commandName != "help" }
        .flatMap { all($0, path + [$0.commandName]) }
    }
    return all(try #require(HelpDump.of(GlowCommand.self)), [])
  }

  /// No flag takes `-1` for an option of its own: it is its value, or refused as one.
  @Test func afterEveryFlag() throws {
    var count = 0
    for (path, command) in try Self.commands() {
      let options = (command.arguments ?? []).filter { $0.kind == "option" && !$0.spellings.isEmpty }
      for option in options {
        let others = options.filter { !$0.isOptional && $0.spellings != option.spellings }
        let call = path + others.flatMap { [$0.spellings[0], "1"] } + [option.spellings[0], "-1"]
        let message = Self.message(call.joiningNegativeNumbers) ?? ""
        for wrong in ["Missing value", "Unknown option", "Unexpected argument"] {
          #expect(!message.contains(wrong), "\(call): \(message)")
        }
        count += 1
      }
    }
    #expect(count > 200)
  }

  @Test(arguments: [
    (["eval", "--seed", "-1", "--json"], ["eval", "--seed=-1", "--json"]),
    (["x", "--strength", "-1...1", "y"], ["x", "--strength=-1...1", "y"]),
    (["x", "--strength", "-.5"], ["x", "--strength=-.5"]), (["x", "-n", "-4"], ["x", "-n=-4"]),
    (["x", "--lr", "-inf"], ["x", "--lr=-inf"]), (["x", "--lr=1", "-1"], ["x", "--lr=1", "-1"]),
    (["launch", "-n", "2", "--", "train", "--lr", "-1"], ["launch", "-n", "2", "--", "train", "--lr", "-1"]),
    (["x", "--json", "-h"], ["x", "--json", "-h"]), (["x", "--out", "-"], ["x", "--out", "-"]),
  ]) func whatIsJoined(arguments: [String], joined: [String]) {
    #expect(arguments.joiningNegativeNumbers == joined)
  }

  @Test(arguments: [
    (["eval", "--model", "m", "--seed", "-1"], "--seed <seed>': expected a whole number from 0 to"),
    (["train", "--out", "r", "--seed", "x"], "--seed <seed>': expected a whole number from 0 to"),
    (["sample", "--model", "m", "--out", "o", "--count", "-3"], "--count is -3, expected 1 to"),
    (["sample", "--model", "m", "--out", "o", "--temperature", "-1"], "--temperature is -1.0, expected 0 to 100"),
    (["launch", "-n", "-4", "--", "train"], "-n is -4, expected 1 to 1024"),
    (["serve", "--model", "m", "--port", "-80"], "--port is -80, expected 0 to 65535"),
    (["interpolate", "--model", "m", "--out", "o", "--seconds", "-2"], "--seconds is -2.0, expected above 0"),
  ]) func theSentenceNamesTheFlag(arguments: [String], sentence: String) throws {
    let message = try #require(Self.message(arguments.joiningNegativeNumbers))
    #expect(message.contains(sentence), "\(message)")
  }

  /// Strengths and thresholds may be below 0.
  @Test func whereTheyMakeSense() {
    #expect(
      Self.message(
        [
          "attributes", "apply", "--model", "m", "--attributes", "a", "--attribute", "x", "--out", "o.png",
          "--strength",
          "-2...1",
        ].joiningNegativeNumbers) == nil)
  }
}
