/// How strongly a model can be told of an attribute: 1 with it, -1 without, 0 where nothing is said, and more to exaggerate.
public enum AttributeStrength {
  /// Beyond it no image is left.
  public static let range = -10.0...10.0
  /// Of the attributes that samples are told though nobody named them.
  public static let ofOthers = 1.5
}
