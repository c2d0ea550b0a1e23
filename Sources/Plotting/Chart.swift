/// Curves in a frame with two axes, drawn as SVG.
public struct Chart: Sendable {
  public enum Scale: Sendable { case linear, logarithmic }

  public struct Axis: Sendable {
    public var label: String
    public var scale: Scale

    public init(_ label: String, _ scale: Scale = .linear) {
      self.label = label
      self.scale = scale
    }
  }

  public struct Point: Sendable, Hashable {
    public var x: Double
    public var y: Double

    public init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// Points joined by lines. One that cannot be drawn (not finite; on a logarithmic axis not above zero) is a gap.
  public struct Curve: Sendable {
    public var name: String
    public var points: [Point]
    public var isDashed: Bool
    /// Curves of one group have one color, and one entry in the legend, that of the first; nil for a group of its own.
    public var group: String?

    public init(_ name: String, _ points: [Point], dashed: Bool = false, group: String? = nil) {
      self.name = name
      self.points = points
      isDashed = dashed
      self.group = group
    }
  }

  public var title: String
  public var x: Axis
  public var y: Axis
  public var curves: [Curve]
  /// Pixels.
  public var width = 640.0
  public var height = 360.0

  public init(_ title: String, x: Axis, y: Axis, _ curves: [Curve]) {
    self.title = title
    self.x = x
    self.y = y
    self.curves = curves
  }

  /// Colors that stay apart for color-blind eyes (Okabe & Ito 2008).
  static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]
}
