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

  /// RFC 4180; what of the name would not print is escaped.
  var csv: String {
    let image = printable(image, limit: .max)
    let plain = !image.contains { $0 == "," || $0 == "\"" || $0.isNewline }
    let name = plain ? image : "\"" + image.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    var fields = [name, String(format: "%.4f", score.bitsPerDimension)]
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
