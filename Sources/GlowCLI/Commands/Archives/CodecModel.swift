import ArgumentParser
import Codec
import Datasets
import Files
import FlowModels
import Foundation
import Imaging
import ModelImages
import Torch

/// A model that packs or unpacks.
struct CodecModel {
  let name: String
  let model: any FlowModel

  /// - Parameters:
  ///   - location: as a person names it; nil for the shipped one of as many channels.
  ///   - picture: the first of those that are to be packed.
  init(_ location: String?, for picture: PixelImage) throws {
    if let location {
      name = location
      model = try ModelPlace(location).read(on: TensorOptions(.float32))
      return
    }
    let shipped = ModelLocation.shippedNames
    for name in shipped {
      let configuration = try ModelFolder.readConfiguration(ModelLocation.resolve(name))
      guard configuration.channels == picture.channels, configuration.bits == 8 else { continue }
      self.name = name
      model = try ModelPlace(name).read(on: TensorOptions(.float32))
      warn(
        "by the shipped model \(name), the first of 8 bits with \(counted(picture.channels, "channel")): --model names another"
      )
      return
    }
    throw ValidationError(
      "none of the shipped models (\(shipped.joined(separator: ", "))) is of 8 bits and \(counted(picture.channels, "channel")): "
        + "train one on such pictures, and name it with --model")
  }

  /// The model that an archive was written with: the one that is named, else that in the archive, else a shipped one.
  /// - Parameter advice: what to do where it is not found.
  init(_ location: String?, of reader: ArchiveReader, advice: String = "name it with --model") throws {
    let wanted = reader.header.model.digest
    func digest(_ model: any FlowModel) throws -> [UInt8] { ModelIdentity.digest(of: try model.blueprint()) }
    if let location {
      name = location
      model = try ModelPlace(location).read(on: TensorOptions(.float32))
      return
    }
    if let bundle = try reader.embeddedModel() {
      name = reader.header.modelName
      model = try ModelBundle.model(bundle)
      return
    }
    let named = [reader.header.modelName] + ModelLocation.shippedNames
    for name in named where FileManager.default.fileExists(atPath: name) || ModelLocation.shippedNames.contains(name) {
      guard let model = try? ModelPlace(name).read(on: TensorOptions(.float32)), try digest(model) == wanted else {
        continue
      }
      self.name = name
      self.model = model
      return
    }
    throw CodecError(
      "the model of this archive is not here: it was called \(reader.header.printableModelName), and has the SHA-256 "
        + "\(reader.header.model.name); \(advice)")
  }
}

extension CodecModel {
  /// All pictures of an archive, for a data set of them.
  static func pictures(of archive: URL) throws -> [(name: String?, picture: PixelImage)] {
    let advice = "unpack it with glow decompress --model"
    do {
      let reader = try ArchiveReader(archive)
      if let problem = reader.problem { throw problem }
      let most = ProcessInfo.processInfo.physicalMemory / 2
      guard reader.rawBytes <= most else {
        throw CodecError(
          "its pictures have \(ByteCount(bytes: reader.rawBytes)), more than half of this machine's memory: unpack it with glow "
            + "decompress")
      }
      let names = try reader.names()
      try Runtime.checkVersion()
      let code = try FlowCode(CodecModel(nil, of: reader, advice: advice).model.blueprint())
      try reader.use(code, threads: ProcessInfo.processInfo.activeProcessorCount)
      var found: [(name: String?, picture: PixelImage)] = []
      try reader.read(0..<reader.pictureCount) { number, picture in
        found.append((names.isEmpty ? nil : names[number], picture))
      }
      return found
    } catch let error as CodecError { throw DatasetError.unreadable(file: archive.path, reason: "\(error)") }
  }
}

/// A model's files in one piece, as an archive holds them.
enum ModelBundle {
  private static let files = ["config.json", "model.safetensors"]

  /// In half precision where that loses nothing.
  static func bytes(of model: any FlowModel) throws -> [UInt8] {
    try inTemporaryFolder { folder in
      let values = try model.parameters.values.elements(Float.self)
      let isHalf = values.allSatisfy { Float(Float16($0)) == $0 }
      try ModelFolder.write(model, as: isHalf ? .float16 : .float32, to: folder)
      var bytes: [UInt8] = []
      for name in files {
        let data = try Data(contentsOf: folder.appending(path: name))
        withUnsafeBytes(of: UInt64(data.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: data)
      }
      return bytes
    }
  }

  static func model(_ bytes: [UInt8]) throws -> any FlowModel {
    try inTemporaryFolder { folder in
      var place = 0
      for name in files {
        guard place + 8 <= bytes.count else { throw CodecError("the model in the archive is cut short") }
        let count = bytes[place..<place + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        place += 8
        guard count <= UInt64(bytes.count - place) else { throw CodecError("the model in the archive is cut short") }
        try Data(bytes[place..<place + Int(count)]).write(to: folder.appending(path: name))
        place += Int(count)
      }
      return try ModelFolder.read(folder)
    }
  }

  private static func inTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "glow-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
