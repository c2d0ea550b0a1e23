/// The version of this program and its libraries. `Packaging/` and `CITATION.cff` say the same.
public enum ProgramVersion {
  public static let current = "0.1.0"

  /// What files say of the program that wrote them.
  package static let writer = "swift-glow " + current
}
