import ArgumentParser
import Foundation

/// A verb or a flag that there is none of, and the one that was probably meant.
struct Misspelling: CustomStringConvertible {
  /// What was written, such as `--modell`.
  let word: String
  /// The words before it that call a verb; empty for `glow` itself.
  let path: [String]
  let known: [String]

  /// The first word of a call that is no verb, or no flag of its verb; nil where all of them are known.
  init?(in arguments: [String]) {
    guard var command = HelpDump.of(GlowCommand.self) else { return nil }
    var rest = arguments[...]
    var path: [String] = []
    while let word = rest.first, let verbs = command.subcommands, !word.hasPrefix("-") {
      guard let verb = verbs.first(where: { $0.commandName == word }) else {
        self.init(word: word, path: path, known: verbs.map(\.commandName))
        return
      }
      (command, path, rest) = (verb, path + [word], rest.dropFirst())
    }
    guard command.subcommands == nil else { return nil }
    let known = command.flags
    let given = rest.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map { $0.prefix { $0 != "=" } }
    guard let unknown = given.first(where: { !known.contains(String($0)) }) else { return nil }
    self.init(word: String(unknown), path: path, known: known)
  }

  /// What to say where `glow launch` is told what to run without the `--` before it.
  static func forgottenTerminator(in arguments: [String]) -> String? {
    guard arguments.first == "launch", !arguments.contains("--"),
      let verb = arguments.first(where: { ["train", "resume"].contains($0) })
    else { return nil }
    return "glow launch: write -- before \(verb), so that what follows is for each process"
  }

  private init(word: String, path: [String], known: [String]) {
    (self.word, self.path, self.known) = (word, path, known)
  }

  /// The nearest known word, where few letters differ.
  var suggestion: String? {
    let letters = word.filter { $0 != "-" }.count
    let nearest = known.map { (word: $0, distance: distance(Array($0), Array(word))) }.min { $0.distance < $1.distance }
    if let nearest, nearest.distance <= max(1, letters / 3) { return nearest.word }
    let longer = known.filter { letters >= 3 && $0.hasPrefix(word) }
    return longer.count == 1 ? longer[0] : nil
  }

  var description: String {
    let call = (["glow"] + path).joined(separator: " ")
    let isFlag = word.hasPrefix("-")
    let advice = suggestion.map { ": did you mean \($0)?" } ?? ""
    return (isFlag ? "\(call) has no flag \(word)" : "\(call) has no verb \"\(word)\"") + advice
      + "\n  See '\(call) --help' for \(isFlag ? "its flags" : "all verbs")."
  }
}

/// How many letters have to be added, removed, replaced or swapped with the next to make one word of another (Damerau 1964).
private func distance(_ a: [Character], _ b: [Character]) -> Int {
  var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
  for i in 0...a.count { rows[i][0] = i }
  for j in 0...b.count { rows[0][j] = j }
  guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
  for i in 1...a.count {
    for j in 1...b.count {
      let replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
      }
    }
  }
  return rows[a.count][b.count]
}
