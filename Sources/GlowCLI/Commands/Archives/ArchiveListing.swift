import Codec
import Files
import Foundation

/// What an archive says of itself.
struct ArchiveListing {
  private let reader: ArchiveReader
  private let names: [String]

  init(_ reader: ArchiveReader, names: [String]) { (self.reader, self.names) = (reader, names) }

  private struct Report: Encodable {
    var images: Int
    var rawBytes: Int
    var bytes: Int
    var payloadBytes: Int
    var bitsPerDimension: Double
    var payloadBitsPerDimension: Double
    var blocks: Int
    var model: String
    var modelSHA256: String
    var holdsModel: Bool
    var tile: [Int]
    var bits: Int
    var files: [File]

    struct File: Encodable {
      var name: String?
      var width: Int
      var height: Int
      var channels: Int
    }
  }

  private var report: Report {
    func bits(_ bytes: Int) -> Double { 8 * Double(bytes) / Double(max(1, reader.rawBytes)) }
    return Report(
      images: reader.pictureCount, rawBytes: reader.rawBytes, bytes: reader.byteCount,
      payloadBytes: reader.blockBytes,
      bitsPerDimension: bits(reader.byteCount), payloadBitsPerDimension: bits(reader.blockBytes),
      blocks: reader.blockCount,
      model: reader.header.modelName, modelSHA256: reader.header.model.name, holdsModel: reader.hasModel,
      tile: [reader.header.tileHeight, reader.header.tileWidth, reader.header.channels], bits: reader.header.bits,
      files: (0..<reader.pictureCount).map { number in
        let size = reader.size(of: number)
        return .init(
          name: names.isEmpty ? nil : names[number], width: size.width, height: size.height, channels: size.channels)
      })
  }

  func say(asJSON: Bool, _ archive: String) throws {
    let report = report
    if asJSON { return printJSON(try prettyJSON(report)) }
    for (number, file) in report.files.enumerated() where !names.isEmpty {
      print("\(number)  \(file.width)x\(file.height)x\(file.channels)  \(safe(file.name ?? ""))")
    }
    print(
      "\(counted(report.images, "picture")), \(ByteCount(bytes: report.rawBytes)) in \(ByteCount(bytes: report.bytes))"
        + String(format: " (%.3f bits/dim, payload %.3f): ", report.bitsPerDimension, report.payloadBitsPerDimension)
        + archive)
    print(
      "model \(safe(report.model))\(report.holdsModel ? ", in the archive" : ""), SHA-256 \(report.modelSHA256); "
        + "\(counted(report.blocks, "block")) of tiles \(report.tile[0])x\(report.tile[1])x\(report.tile[2])")
  }
}
