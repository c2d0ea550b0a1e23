import Files
import Foundation

/// What `Scripts/study.py` did and found: the runs and pictures of the report on this implementation.
public struct Study: Codable, Sendable {
  public struct Evaluation: Codable, Sendable {
    /// Of the test images.
    public var bitsPerDimension: Double
    public var standardError: Double
    public var images: Int
  }

  /// One training run.
  public struct Run: Codable, Sendable {
    public var name: String
    public var section: String
    public var data: String
    public var architecture: String
    public var seed: Int
    /// What tells the runs of an ablation apart.
    public var labels: [String: String]
    public var images: Int
    public var parameters: Int?
    /// Of training.
    public var seconds: Double
    /// The run folder.
    public var run: String
    public var command: String
    public var evaluation: Evaluation
    /// Bits per dimension of a histogram per pixel.
    public var histogramBaseline: Double
  }

  public struct Picture: Codable, Sendable {
    public var name: String
    public var section: String
    /// A PNG file.
    public var file: String
    public var caption: String
    public var command: String
  }

  public struct Separability: Codable, Sendable {
    public var attribute: String
    /// Training images with and without it.
    public var positives: Int
    public var negatives: Int
    /// Area under the curve on held-out images; nil where there are none of one kind.
    public var auc: Double?
  }

  public var quick: Bool
  public var machine: String
  public var date: String
  public var hours: Double
  public var runs: [Run]
  public var pictures: [Picture]
  public var separability: [Separability]

  /// - Throws: ``ReportError`` naming the file and the field.
  public init(contentsOf url: URL) throws {
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw ReportError("\(url.path) cannot be read: \(error.systemReason)")
    }
    do { self = try JSONDecoder().decode(Study.self, from: data) } catch let error as DecodingError {
      throw ReportError("\(url.path): \(error.place)")
    }
  }

  public func runs(in section: String) -> [Run] { runs.filter { $0.section == section } }
  func pictures(in section: String) -> [Picture] { pictures.filter { $0.section == section } }
}

extension DecodingError {
  /// Which field, and what is wrong with it.
  fileprivate var place: String {
    func path(_ context: Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
    return switch self {
    case .keyNotFound(let key, let context):
      "field \((context.codingPath + [key]).map(\.stringValue).joined(separator: ".")) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "field \(path(context)) has another type than expected"
    case .dataCorrupted(let context): "\(context.codingPath.isEmpty ? "it" : "field " + path(context)) is damaged"
    @unknown default: "it is damaged"
    }
  }
}

/// Values of several seeds.
struct Spread {
  let values: [Double]

  var mean: Double { values.reduce(0, +) / Double(values.count) }

  /// The sample standard deviation; nil for one value.
  var deviation: Double? {
    guard values.count > 1 else { return nil }
    return (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count - 1)).squareRoot()
  }

  /// Such as `3.142 ± 0.003`.
  var text: String {
    String(format: "%.3f", mean) + (deviation.map { String(format: " ± %.3f", $0) } ?? "")
  }
}
