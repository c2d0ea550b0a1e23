import Foundation
import Imaging
import Synchronization

/// Archives of `glow compress`. Reading one takes its model, so a program that has models says how.
///
/// ```swift
/// CodedArchives.use { archive in
///   print("decoding", archive.path)
///   return [(name: "a.png", picture: picture)]
/// }
/// ```
public enum CodedArchives {
  /// The pictures of an archive with their paths in it; nil of one that has no names.
  public typealias Reading = @Sendable (_ archive: URL) throws -> [(name: String?, picture: PixelImage)]

  static let mark: [UInt8] = [0x89, 0x47, 0x4c, 0x5a, 0x0d, 0x0a, 0x1a, 0x0a]
  private static let reading = Mutex<Reading?>(nil)

  /// From now on archives are data sets, whose pictures are decoded when they are opened, and held in memory.
  public static func use(_ reading: @escaping Reading) { self.reading.withLock { $0 = reading } }

  static func tree(of archive: URL) throws -> DecodedTree {
    guard let reading = reading.withLock({ $0 }) else {
      throw DatasetError.unreadable(
        file: archive.path, reason: "this program does not decode archives: unpack it with glow decompress")
    }
    return DecodedTree(archive.path, try reading(archive))
  }
}

/// Pictures in memory, as the files of an archive.
struct DecodedTree: FileTree {
  let location: String
  let paths: [String]
  var pixelLimit = PixelImage.defaultPixelLimit
  /// In the order of the paths.
  private let pictures: [PixelImage]

  init(_ location: String, _ given: [(name: String?, picture: PixelImage)]) {
    self.location = location
    let files = given.enumerated()
      .map { (path: $1.name ?? String(format: "%08d.png", $0), picture: $1.picture) }
      .sorted { isOrderedBefore($0.path, $1.path) }
    (paths, pictures) = (files.map(\.path), files.map(\.picture))
  }

  func name(of path: String) -> String { "\(location): \(path)" }

  func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
    Array(try picture(at: path).encodePNG().prefix(limit))
  }

  func header(of path: String) throws -> ImageHeader {
    let picture = try picture(at: path)
    return ImageHeader(width: picture.width, height: picture.height, channels: picture.channels)
  }

  func picture(at path: String) throws -> PixelImage {
    let number = paths.partitioningIndex { !isOrderedBefore($0, path) }
    precondition(number < paths.count && paths[number] == path, "\(name(of: path)) is not there")
    return pictures[number]
  }

  func picture(at path: String, fittedTo shape: ImageShape) throws -> PixelImage {
    try picture(at: path).converted(toChannels: shape.channels).fitted(width: shape.width, height: shape.height)
  }
}
