import ArgumentParser

/// Whether files that Glow did not write give way.
struct ForceOption: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Replace a file of another kind, too (a folder is never replaced).")
  var force = false
}
