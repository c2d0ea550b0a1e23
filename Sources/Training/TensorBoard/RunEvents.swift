import Foundation
import Imaging
import Runs

/// What TensorBoard shows of a run: each line of its metrics, samples, and how the scales of its couplings are spread.
///
/// The steps of TensorBoard's axis are images seen, as in `metrics.jsonl`, so that runs of different batch sizes lie over
/// each other. The files are in the run folder itself: `tensorboard --logdir runs` then lists each run under its own name.
public final class RunEvents {
  private let file: EventFile

  /// Under which samples are shown.
  public static let samplesTag = "samples"

  /// Starts an event file.
  /// - Parameter images: where a run resumes, after how many images the last line of its metrics was written that stays:
  ///   TensorBoard drops what earlier files hold after it. Nil for a new run.
  /// - Throws: `TrainingError` naming the file.
  public init(_ run: RunFolder, after images: Int? = nil) throws {
    file = try EventFile(in: run.url, after: images)
  }

  /// The event file, which lies in the run's folder.
  public var url: URL { file.url }

  /// Appends a line of metrics with what was measured along with it.
  /// - Parameters:
  ///   - samples: drawn from the model, as one picture.
  ///   - scales: numbers to show the spread of, by the names of their layers.
  /// - Throws: `TrainingError` naming the file.
  public func append(
    _ metrics: Metrics, samples: PixelImage? = nil, scales: [String: [Double]] = [:], at time: Date = Date()
  ) throws {
    var values: [(tag: String, value: EventFile.Value)] = metrics.numbers.compactMap { name, value in
      guard let value, name != "images" else { return nil }
      return (Self.tag(of: name), .scalar(value))
    }
    if let samples { values.append((Self.samplesTag, .image(samples))) }
    values += scales.sorted { $0.key < $1.key }.map { ("scales/" + $0, .histogram($1)) }
    try file.append(values, step: metrics.images, at: time)
  }

  /// Under which a field of the metrics is shown: groups lie before the slash.
  static func tag(of field: String) -> String {
    for group in ["train", "validation"] where field.hasPrefix(group) && field.count > group.count {
      return group + "/" + snakeCase(String(field.dropFirst(group.count)))
    }
    let group =
      switch field {
      case "imagesPerSecond", "seconds": "speed"
      case "roundTripError", "worstConditionNumber", "smallestScale", "largestScale": "invertibility"
      case "residentBytes", "liveTensors": "memory"
      default: "train"
      }
    return group + "/" + snakeCase(field)
  }

  private static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
      if letter.isUppercase && !text.isEmpty { text += "_" }
      text += letter.lowercased()
    }
  }
}
