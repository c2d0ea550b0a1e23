import Foundation

extension Chart {
  /// A whole SVG document, of the same bytes for the same chart.
  public func svg() -> String {
    let points = curves.flatMap(\.points)
    var body = [text(title, x: 12, y: 22, size: 15, weight: "600")]
    if let across = AxisRange(points.map(\.x), x.scale), let up = AxisRange(points.map(\.y), y.scale) {
      let frame = Frame(across: across, up: up, width: width, height: height)
      body += axes(frame) + drawn(frame) + legend.enumerated().map { legendEntry($1, row: $0, frame) }
    } else {
      body.append(text("nothing to show", x: width / 2, y: height / 2, anchor: "middle"))
    }
    let size = "\(number(width)) \(number(height))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(number(width))" height="\(number(height))" \
      font-family="system-ui, sans-serif" font-size="12" fill="#222" role="img">
      <title>\(escape(title))</title>
      <rect width="100%" height="100%" fill="#fff"/>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  /// Where the curves are drawn, in pixels.
  private struct Frame {
    let across: AxisRange
    let up: AxisRange
    let left = 62.0
    let right: Double
    let top: Double
    let bottom: Double

    init(across: AxisRange, up: AxisRange, width: Double, height: Double) {
      self.across = across
      self.up = up
      right = width - 16
      top = 36
      bottom = height - 46
    }

    func x(_ value: Double) -> Double? { across.position(value).map { left + $0 * (right - left) } }
    func y(_ value: Double) -> Double? { up.position(value).map { bottom - $0 * (bottom - top) } }
  }

  private func axes(_ frame: Frame) -> [String] {
    var parts: [String] = []
    for tick in frame.across.ticks {
      let x = frame.x(tick.value)!
      parts.append(line(x, frame.top, x, frame.bottom, stroke: "#e4e4e4"))
      parts.append(text(tick.label, x: x, y: frame.bottom + 16, anchor: "middle"))
    }
    for tick in frame.up.ticks {
      let y = frame.y(tick.value)!
      parts.append(line(frame.left, y, frame.right, y, stroke: "#e4e4e4"))
      parts.append(text(tick.label, x: frame.left - 6, y: y + 4, anchor: "end"))
    }
    parts.append(line(frame.left, frame.bottom, frame.right, frame.bottom, stroke: "#666"))
    parts.append(line(frame.left, frame.top, frame.left, frame.bottom, stroke: "#666"))
    parts.append(text(x.label, x: (frame.left + frame.right) / 2, y: height - 10, anchor: "middle"))
    let middle = (frame.top + frame.bottom) / 2
    parts.append(
      "<text transform=\"translate(16 \(number(middle))) rotate(-90)\" text-anchor=\"middle\">\(escape(y.label))</text>"
    )
    return parts
  }

  private func drawn(_ frame: Frame) -> [String] {
    curves.flatMap { curve in
      let style = "stroke=\"\(color(of: curve))\"" + (curve.isDashed ? " stroke-dasharray=\"6 4\"" : "")
      return runs(of: curve.points, frame).map { run in
        guard run.count > 1 else {
          return "<circle cx=\"\(number(run[0].x))\" cy=\"\(number(run[0].y))\" r=\"3\" fill=\"\(color(of: curve))\"/>"
        }
        let path = run.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
        return "<polyline points=\"\(path)\" fill=\"none\" stroke-width=\"1.8\" stroke-linejoin=\"round\" \(style)/>"
      }
    }
  }

  /// Points in pixels, cut where one cannot be drawn.
  private func runs(of points: [Point], _ frame: Frame) -> [[Point]] {
    let places = points.map { point in frame.x(point.x).flatMap { x in frame.y(point.y).map { Point(x, $0) } } }
    return places.split { $0 == nil }.map { $0.map { $0! } }
  }

  /// One entry a group, if there is more than one curve.
  private var legend: [Curve] {
    guard curves.count > 1 else { return [] }
    var seen: Set<String> = []
    return curves.filter { seen.insert($0.group ?? $0.name).inserted }
  }

  private func color(of curve: Curve) -> String {
    var groups: [String] = []
    for name in curves.map({ $0.group ?? $0.name }) where !groups.contains(name) { groups.append(name) }
    return Self.colors[groups.firstIndex(of: curve.group ?? curve.name)! % Self.colors.count]
  }

  /// At the top right, where curves that fall leave room.
  private func legendEntry(_ curve: Curve, row: Int, _ frame: Frame) -> String {
    let y = frame.top + 14 + 17 * Double(row)
    let dash = curve.isDashed ? " stroke-dasharray=\"6 4\"" : ""
    let name = text(curve.group ?? curve.name, x: frame.right - 36, y: y + 4, anchor: "end", halo: true)
    return name
      + "<line x1=\"\(number(frame.right - 30))\" y1=\"\(number(y))\" x2=\"\(number(frame.right - 4))\" y2=\"\(number(y))\" "
      + "stroke=\"\(color(of: curve))\" stroke-width=\"2.5\"\(dash)/>"
  }
}

private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, stroke: String) -> String {
  "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(stroke)\"/>"
}

private func text(
  _ content: String, x: Double, y: Double, anchor: String = "start", size: Double? = nil, weight: String? = nil,
  halo: Bool = false
) -> String {
  let style =
    (size.map { " font-size=\"\(number($0))\"" } ?? "") + (weight.map { " font-weight=\"\($0)\"" } ?? "")
    + (halo ? " stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\"" : "")
  return "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\"\(style)>\(escape(content))</text>"
}

/// With two decimals at most.
private func number(_ value: Double) -> String {
  let rounded = (value * 100).rounded() / 100
  return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
}

func escape(_ text: String) -> String {
  text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
}
