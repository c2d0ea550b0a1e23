import ArgumentParser

/// How much a verb says beside its results.
struct QuietOption: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Say nothing but results and errors: no notes, no progress.") var quiet = false

  func validate() throws { if quiet { Talk.beQuiet() } }
}
