import Multipart
import Analysis
import Codec
import Datasets
import Files
import FlowModels
import Foundation
import Imaging
import Runs
import Safetensors
import Torch
import Training

/// A parser with what is asked of it: whatever the bytes are, it succeeds or throws an error of ours, in one line that
/// names the file.
package struct FuzzTarget {
  private static var parsers: [any FuzzedParser.Type] {
    [
      AttributeListFuzzing.self, AttributesCSVFuzzing.self, ChecksumsFuzzing.self, CIFAR10Fuzzing.self,
      ConfigurationFuzzing.self, DirectionsFuzzing.self, ForeignWeightsFuzzing.self, GLZFuzzing.self, IDXFuzzing.self,
      JPEGFuzzing.self,
      JSONFuzzing.self,
      LatentsFuzzing.self, LayoutFuzzing.self, LMDBFuzzing.self, MetricsFuzzing.self, MultipartFuzzing.self,
      NPYFuzzing.self, NPZFuzzing.self,
      PackedIndexFuzzing.self, PackedShardFuzzing.self, PartitionFuzzing.self, PNGFuzzing.self, SafetensorsFuzzing.self,
      TarFuzzing.self, TFRecordFuzzing.self, TrainingStateFuzzing.self, WebDatasetFuzzing.self, WebPFuzzing.self,
      ZipFuzzing.self,
    ]
  }

  package static var names: [String] { parsers.map { $0.name } }

  private let parser: any FuzzedParser
  private let folder: URL

  /// Nil where there is no parser of this name.
  /// - Parameter folder: an empty one, for the target alone.
  package init?(_ name: String, folder: URL) throws {
    guard let type = Self.parsers.first(where: { $0.name == name }) else { return nil }
    parser = try type.init(folder: folder)
    self.folder = folder
  }

  package func seeds() throws -> [[UInt8]] { try parser.seeds() }

  /// Whether `bytes` are a file as it should be.
  package func reads(_ bytes: [UInt8]) -> Bool {
    parser.files(from: bytes).contains { file in
      do {
        try parser.parse(file)
        return true
      } catch { return false }
    }
  }

  /// What is wrong with how the parser takes `bytes`; nil where all is well.
  package func complaint(about bytes: [UInt8]) -> String? {
    for file in parser.files(from: bytes) {
      do { try parser.parse(file) } catch {
        if let complaint = complaint(about: error) { return complaint }
      }
    }
    return nil
  }

  /// A message is no longer than this many characters, the path of the file included.
  private static let longestMessage = 1000

  private func complaint(about error: any Error) -> String? {
    let text = "\(error)"
    switch error {
    case is DatasetError, is ImagingError, is SafetensorsError, is ModelError, is TrainingError, is AnalysisError,
      is MultipartError, is CodecError:
      break
    default: return "an error of type \(type(of: error)): \(text)"
    }
    if !text.contains(folder.path) { return "an error that names no file: \(text)" }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return "an error with control characters: \(text)"
    }
    return text.count > Self.longestMessage ? "an error of \(text.count) characters: \(text)" : nil
  }
}
