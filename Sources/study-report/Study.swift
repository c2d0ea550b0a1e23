import Reporting
import Files
import Foundation

/// What `Scripts/study.py` did and found: the runs and pictures of the report on this implementation.
struct Study: Codable, Sendable {
  struct Evaluation: Codable, Sendable {
    /// The mean over the test images.
    var bitsPerDimension: Double
    /// Nil for one image.
    var standardError: Double?
    var images: Int
  }

  /// One training run.
  struct Run: Codable, Sendable {
    var name: String
    var section: String
    var data: String
    var architecture: String
    var seed: Int
    /// What tells the runs of an ablation apart.
    var labels: [String: String]
    var images: Int
    var parameters: Int?
    /// The seconds that training took, or takes at ``rate``.
    var seconds: Double
    /// Images a second of a trial before all runs, by which the run's time is counted; nil where it was measured.
    var rate: Double?
    /// The run folder.
    var run: String
    var command: String
    var evaluation: Evaluation
    /// Bits per dimension of a histogram per pixel.
    var histogramBaseline: Double
  }

  struct Picture: Codable, Sendable {
    var name: String
    var section: String
    /// A PNG file.
    var file: String
    var caption: String
    var command: String
  }

  /// How fast a model draws on one thread; nil where that was too short to measure.
  struct Sampling: Codable, Sendable {
    /// The name of the run.
    var run: String
    /// Of blocks of 64 images.
    var imagesPerSecond: Double?
    /// The seconds that one image takes.
    var latency: Double?
  }

  /// How many of a model's samples of Fashion-MNIST a classifier gives the label that was asked for.
  struct Recognition: Codable, Sendable {
    var architecture: String
    /// A share.
    var recognized: Double
    var samples: Int
    /// The classifier's accuracy on real test images.
    var realAccuracy: Double
  }

  /// Bits per dimension of lossless JPEG XL files of test images.
  struct JPEGXL: Codable, Sendable {
    var data: String
    var images: Int
    /// A file an image.
    var files: Double
    /// All in one picture of so many rows and columns of images.
    var mosaic: Double
    var rows: Int
    var columns: Int
  }

  struct Separability: Codable, Sendable {
    var attribute: String
    var architecture: String
    /// Training images with and without it.
    var positives: Int
    var negatives: Int
    /// Area under the curve on held-out images; nil where there are none of one kind.
    var auc: Double?
  }

  /// What is on the page of the faces.
  struct Faces: Codable, Sendable {
    /// Of the shipped model.
    struct Model: Codable, Sendable {
      var evaluation: Evaluation
      /// Bits per dimension.
      var histogramBaseline: Double
    }

    /// How well the judge tells an attribute in real test faces.
    struct Area: Codable, Sendable {
      var attribute: String
      /// Under the ROC curve.
      var area: Double
    }

    /// What the judge says of an edit, in shares; nil where no face counts.
    struct Edit: Codable, Sendable {
      /// `told`, or the kind of the direction.
      var how: String
      var strength: Double
      var attribute: String
      /// 1 where the attribute is given, 0 where it is taken away.
      var wanted: Int
      var candidates: Int
      var turned: Double?
      var stayed: Double?
      var broken: Double?
    }

    /// What the judge says of pictures.
    struct Pictures: Codable, Sendable {
      struct Sure: Codable, Sendable {
        var kind: String
        var share: Double
      }

      var what: String
      var pictures: Int
      var broken: Double
      var sure: [Sure]
    }

    var model: Model
    var areas: [Area]
    var edits: [Edit]
    var pictures: [Pictures]
  }

  var quick: Bool
  var machine: String
  var date: String
  var hours: Double
  var runs: [Run]
  var pictures: [Picture]
  var separability: [Separability]
  var sampling: [Sampling]
  var recognition: [Recognition]
  var jpegxl: [JPEGXL]
  /// Nil on the page of the other sets.
  var faces: Faces?

  /// - Throws: ``ReportError`` naming the file and the field.
  init(contentsOf url: URL) throws {
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw ReportError("\(url.path) cannot be read: \(error.systemReason)")
    }
    do { self = try JSONFile.decode(Study.self, from: data) } catch { throw ReportError("\(url.path): \(error)") }
  }

  func runs(in section: String) -> [Run] { runs.filter { $0.section == section } }
  func sampling(of run: Run) -> Sampling? { sampling.first { $0.run == run.name } }
  func pictures(in section: String) -> [Picture] { pictures.filter { $0.section == section } }
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
