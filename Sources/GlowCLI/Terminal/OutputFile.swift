import ArgumentParser
import Codec
import Datasets
import Foundation
import Imaging
import Safetensors

/// What a verb writes into a file. A file of the same kind that Glow wrote is replaced; any other is left alone.
enum OutputFile: String {
  case picture = "a picture"
  case chart = "a chart"
  case video = "a video"
  case latents = "a file of latents"
  case attributes = "a file of attributes"
  case weights = "a file of another program's weights"
  case scores = "a file of scores"
  case referenceScores = "a file of reference scores"
  case archive = "an archive"

  /// Refuses a file that is not to be written, before any work is done.
  /// - Parameters:
  ///   - path: nil for none.
  ///   - inputs: the files that the verb reads.
  ///   - force: whether a file of another kind is replaced, too.
  func require(_ path: String?, _ flag: String = "--out", from inputs: [String] = [], force: Bool) throws {
    guard let path, FileIdentity.isFileOrNone(path) else { return }
    let url = URL(filePath: path)
    if let input = inputs.first(where: { FileIdentity($0).map { $0 == FileIdentity(path) } ?? false }) {
      throw ValidationError("\(flag) \(path) is what the verb reads, \(input): name another file")
    }
    if let ending, (PictureExtensions.read + PictureExtensions.unread).contains(url.pathExtension.lowercased()) {
      throw ValidationError("\(flag) \(path) is named as a picture, and \(rawValue) is written: name it NAME.\(ending)")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return try requireWritable(url.deletingLastPathComponent(), orElse: "\(flag) \(path) could not be written")
    }
    guard !isFolder.boolValue else {
      throw ValidationError("\(flag) \(path) is a folder, and \(rawValue) is written: name a file in it")
    }
    guard force || isEmpty(url) || isWritten(url) else {
      throw ValidationError(
        "\(flag) \(path): there is a file of that name, which is not \(rawValue) that Glow wrote: name another, or "
          + "replace it with --force")
    }
  }

  /// What the name should end in, where it may not end as a picture's does.
  private var ending: String? {
    switch self {
    case .picture, .chart, .video: nil
    case .latents, .attributes, .weights, .referenceScores: "safetensors"
    case .scores: "csv"
    case .archive: "glz"
    }
  }

  private func isEmpty(_ url: URL) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)[.size]) as? Int == 0
  }

  /// Whether Glow wrote the file as one of this kind.
  private func isWritten(_ url: URL) -> Bool {
    func says(_ key: String, _ value: String) -> Bool {
      (try? SafetensorsFile(contentsOf: url))?.metadata[key] == value
    }
    switch self {
    case .picture, .video: return PictureMark.isOn(url)
    case .chart:
      return PictureMark.isOn(url) || Self.head(of: url).contains(##"font-size="12" fill="#222" role="img">"##)
    case .latents: return says("format", "swift-glow latents")
    case .attributes: return says("format", "swift-glow attributes")
    case .weights: return says("generator", "swift-glow")
    case .referenceScores: return says("format", "swift-glow reference scores")
    case .archive: return (try? ArchiveReader(url)) != nil
    case .scores:
      let head = Self.head(of: url)
      return head.hasPrefix("image,bits_per_dim")
        || head.hasPrefix("{") && head.contains(#""bitsPerDimension":"#)
    }
  }

  private static func head(of url: URL) -> String {
    guard let handle = try? FileHandle(forReadingFrom: url) else { return "" }
    defer { try? handle.close() }
    return String(decoding: (try? handle.read(upToCount: 1024)) ?? Data(), as: UTF8.self)
  }
}

/// Refuses a folder that is not there, or into which nothing can be written.
/// - Parameter problem: what cannot be done then.
func requireWritable(_ folder: URL, orElse problem: String) throws {
  let path = folder.relativePath
  guard FileManager.default.fileExists(atPath: folder.path) else {
    throw ValidationError("\(problem): there is no folder \(path): make it, or name another place")
  }
  guard FileIdentity.isFolder(folder.path) else {
    throw ValidationError("\(problem): \(path) is a file: name another place")
  }
  guard access(folder.path, W_OK) == 0 else {
    throw ValidationError("\(problem): nothing may be written into \(path): name another place")
  }
}

/// The same of the folder in which one would be made, with those above it.
func requireRoom(for folder: URL, named place: String) throws {
  var above = folder.standardizedFileURL.deletingLastPathComponent()
  while !FileManager.default.fileExists(atPath: above.path), above.path != "/" { above.deleteLastPathComponent() }
  try requireWritable(above, orElse: "cannot create the folder \(place)")
}

/// A file or folder, however it is named.
struct FileIdentity: Equatable {
  private let device: UInt64
  private let number: UInt64

  /// Nil for what is not there.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// False for a device or a pipe, which is written to as it is.
  static func isFileOrNone(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) != 0 || [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }
}
