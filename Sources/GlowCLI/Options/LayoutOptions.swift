import ArgumentParser

/// Decisions between a layout's forms.
struct LayoutOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A form of the layout that the weights do not tell, such as coupling=exp; repeat for several. Without it, the layout's own.",
      valueName: "choice=option"))
  var option: [String] = []

  var choices: [String: String] {
    get throws {
      try option.reduce(into: [:]) { choices, text in
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, choices.updateValue(parts[1], forKey: parts[0]) == nil else {
          throw ValidationError("--option \(text): expected CHOICE=OPTION, each choice once")
        }
      }
    }
  }
}
