import ArgumentParser

/// How many images that cannot be read may be left out.
struct DamageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How many images of a split that cannot be read may be left out; by default as many as training was told to skip.",
      valueName: "images"))
  var skipDamaged: Int?

  func validate() throws {
    if let skipDamaged, skipDamaged < 0 {
      throw ValidationError("--skip-damaged is \(skipDamaged), expected 0 or more")
    }
  }
}
