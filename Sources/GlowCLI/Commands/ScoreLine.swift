import Analysis
import Files
import Foundation

/// What `glow score` says of an image.
struct ScoreLine {
  let image: String
  let score: ImageScore
  let place: ReferenceScores.Place?
  /// Of a run.
  let checkpoint: String?

  static func header(withPlace: Bool) -> String {
    "image,bits_per_dim" + (withPlace ? ",deviations,percentile" : "") + ",png_bits_per_dim,corrected"
      + (withPlace ? ",corrected_percentile" : "")
  }

  var csv: String {
    var fields = [csvField(image), String(format: "%.4f", score.bitsPerDimension)]
    if let place { fields += [String(format: "%.3f", place.deviations), String(format: "%.2f", place.percentile)] }
    fields += [String(format: "%.4f", score.pngBitsPerDimension), String(format: "%.4f", score.corrected)]
    if let place { fields.append(String(format: "%.2f", place.correctedPercentile)) }
    return fields.joined(separator: ",")
  }

  func json() throws -> String {
    struct Object: Encodable {
      var image: String
      var bitsPerDimension: Double
      var pngBitsPerDimension: Double
      var corrected: Double
      var deviations: Double?
      var percentile: Double?
      var correctedPercentile: Double?
      var checkpoint: String?
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let object = Object(
      image: image, bitsPerDimension: score.bitsPerDimension, pngBitsPerDimension: score.pngBitsPerDimension,
      corrected: score.corrected, deviations: place?.deviations, percentile: place?.percentile,
      correctedPercentile: place?.correctedPercentile, checkpoint: checkpoint)
    return String(decoding: try encoder.encode(object), as: UTF8.self)
  }
}

/// A field of RFC 4180; what of the text would not print is escaped.
func csvField(_ text: String) -> String {
  let text = printable(text, limit: .max)
  let plain = !text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
  return plain ? text : "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}
