import Analysis
import Files
import Foundation

/// What `glow score` calls an image.
enum ScoredImage: Encodable, CustomStringConvertible {
  /// In the split of a data set.
  case number(Int)
  /// As it was given.
  case file(String)

  var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .file(let name): name
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .file(let name): try container.encode(name)
    }
  }
}

/// What `glow score` says of an image.
struct ScoreLine {
  let image: ScoredImage
  let score: ImageScore
  let place: ReferenceScores.Place?
  /// Of a run.
  let checkpoint: String?

  static func header(withPlace: Bool) -> String {
    "image,bits_per_dim" + (withPlace ? ",deviations,percentile" : "") + ",png_bits_per_dim,corrected"
      + (withPlace ? ",corrected_percentile" : "")
  }

  var csv: String {
    var fields = [csvField("\(image)"), String(format: "%.4f", score.bitsPerDimension)]
    if let place { fields += [String(format: "%.3f", place.deviations), String(format: "%.2f", place.percentile)] }
    fields += [String(format: "%.4f", score.pngBitsPerDimension), String(format: "%.4f", score.corrected)]
    if let place { fields.append(String(format: "%.2f", place.correctedPercentile)) }
    return fields.joined(separator: ",")
  }

  func json() throws -> String {
    struct Object: Encodable {
      var image: ScoredImage
      var bitsPerDimension: Double
      var pngBitsPerDimension: Double
      var corrected: Double
      var deviations: Double?
      var percentile: Double?
      var correctedPercentile: Double?
      var checkpoint: String?
    }
    let object = Object(
      image: image, bitsPerDimension: score.bitsPerDimension, pngBitsPerDimension: score.pngBitsPerDimension,
      corrected: score.corrected, deviations: place?.deviations, percentile: place?.percentile,
      correctedPercentile: place?.correctedPercentile, checkpoint: checkpoint)
    return String(decoding: try JSONFile.line(object), as: UTF8.self)
  }
}

/// A field of RFC 4180; what of the text would not print is escaped.
func csvField(_ text: String) -> String {
  let text = printable(text, limit: .max)
  let plain = !text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
  return plain ? text : "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}
