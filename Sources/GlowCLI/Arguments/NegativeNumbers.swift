extension [String] {
  /// Arguments in which each negative number is joined to the option before it, `--strength -1` as `--strength=-1`, since
  /// ArgumentParser takes what begins with a dash for an option. What follows `--` is left as it is.
  var joiningNegativeNumbers: [String] {
    var joined: [String] = []
    var isOver = false
    for argument in self {
      isOver = isOver || argument == "--"
      if !isOver, Self.isNegativeNumber(argument), let last = joined.last, Self.isOption(last) {
        joined[joined.count - 1] = last + "=" + argument
      } else {
        joined.append(argument)
      }
    }
    return joined
  }

  private static func isOption(_ argument: String) -> Bool {
    argument.hasPrefix("-") && argument != "-" && !argument.contains("=") && !isNegativeNumber(argument)
  }

  /// Also what begins with one, such as `-1...1`.
  private static func isNegativeNumber(_ argument: String) -> Bool {
    guard argument.hasPrefix("-") else { return false }
    let rest = argument.dropFirst().drop { $0 == "." }
    return rest.first.map { "0"..."9" ~= $0 } ?? false || ["inf", "nan"].contains(rest.lowercased())
  }
}
