import Foundation

/// What an axis shows: from where to where, and the places of its ticks.
struct AxisRange {
  let scale: Chart.Scale
  /// The ends, on a logarithmic axis the logarithms to base 10.
  let low: Double
  let high: Double
  let ticks: [(value: Double, label: String)]

  /// Nil where no value can be shown.
  init?(_ values: some Sequence<Double>, _ scale: Chart.Scale) {
    let shown = values.compactMap { Self.place($0, scale) }
    guard var low = shown.min(), var high = shown.max() else { return nil }
    if high - low <= 1e-9 * max(1, low.magnitude) {
      let margin = scale == .linear ? max(0.5 * low.magnitude, 0.5) : 0.5
      (low, high) = (low - margin, high + margin)
    } else {
      let margin = 0.04 * (high - low)
      (low, high) = (low >= 0 && low - margin < 0 && scale == .linear ? 0 : low - margin, high + margin)
    }
    self.scale = scale
    self.low = low
    self.high = high
    let values = scale == .linear ? Self.steps(low, high) : Self.decades(low, high)
    ticks = values.map { ($0, Self.label($0)) }
  }

  /// Where `value` lies between the ends, 0 to 1; nil if it cannot be shown.
  func position(_ value: Double) -> Double? {
    Self.place(value, scale).map { ($0 - low) / (high - low) }
  }

  /// The value as an axis of this scale counts it; nil if it cannot be shown.
  static func place(_ value: Double, _ scale: Chart.Scale) -> Double? {
    guard value.isFinite else { return nil }
    switch scale {
    case .linear: return value
    case .logarithmic: return value > 0 ? log10(value) : nil
    }
  }

  /// Up to about six multiples of 1, 2 or 5 times a power of ten.
  private static func steps(_ low: Double, _ high: Double) -> [Double] {
    let rough = (high - low) / 6
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough }!
    return stride(from: ceil(low / step), through: floor(high / step), by: 1).map { $0 * step }
  }

  /// Powers of ten, with their double and fivefold where there are few.
  private static func decades(_ low: Double, _ high: Double) -> [Double] {
    let factors: [Double] = high - low < 2.5 ? [1, 2, 5] : [1]
    let every = max(1, Int((high - low) / 8))
    return stride(from: Int(floor(low)), through: Int(ceil(high)), by: every).flatMap { power in
      factors.map { $0 * pow(10, Double(power)) }
    }.filter { (low...high).contains(log10($0)) }
  }

  static func label(_ value: Double) -> String {
    let size = value.magnitude
    switch size {
    case 0: return "0"
    case 1e10...: return short(value).replacingOccurrences(of: "e+", with: "e")
    case 1e6...: return short(value / 1e6) + "M"
    case 1e4...: return short(value / 1e3) + "k"
    case 1e-3...: return short(value)
    default: return String(format: "%.0e", value).replacingOccurrences(of: "e-0", with: "e-")
    }
  }

  private static func short(_ value: Double) -> String { String(format: "%.4g", value) }
}
