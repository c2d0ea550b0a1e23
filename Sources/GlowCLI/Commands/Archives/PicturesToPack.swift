import ArgumentParser
import Datasets
import Files
import Foundation
import Imaging

/// The pictures of an archive that is to be written.
protocol PicturesToPack {
  var count: Int { get }
  /// What a person should know.
  var notes: [String] { get }
  func picture(_ number: Int) throws -> PixelImage
  /// A path below a folder; nil for all where there are no names.
  func name(_ number: Int) -> String?
  /// Of a data set that has labels.
  func label(_ number: Int) -> Int?
  var classNames: [String] { get }
  /// What is known of attributes, in the order of `names`: 1, -1 or 0; nil of pictures of which nothing is.
  func attributes(_ number: Int, _ names: [String]) -> [Int]?
  func remove() throws
}

extension PicturesToPack {
  func first() throws -> PixelImage { try picture(0) }
  func attributes(_ number: Int, _ names: [String]) -> [Int]? { nil }
}

/// Images of a data set, which have no names.
struct PackedDataset: PicturesToPack {
  private let dataset: any ImageDataset

  init(_ named: NamedSplit, _ split: DatasetSplit?) throws {
    dataset = try DatasetSource(said: named.data).open(
      split: split ?? named.split ?? .test, size: nil, channels: nil, seed: 0)
  }

  var count: Int { dataset.count }
  var notes: [String] { dataset.notes }
  var classNames: [String] { dataset.classNames }
  func picture(_ number: Int) throws -> PixelImage { try dataset.image(at: number) }
  func name(_ number: Int) -> String? { nil }
  func label(_ number: Int) -> Int? { dataset.label(at: number) }
  func remove() {}

  func attributes(_ number: Int, _ names: [String]) -> [Int]? {
    let columns = dataset.attributeColumns(of: names)
    guard columns.contains(where: { $0 != nil }) else { return nil }
    return dataset.attributeRow(columns, at: number).map { Int($0) }
  }
}

/// Picture files, and those of folders.
struct PackedFiles: PicturesToPack {
  private let files: [(path: String, name: String)]
  private let isFlattening: Bool
  let notes: [String]
  let classNames: [String] = []

  /// - Parameters:
  ///   - inputs: files and folders.
  ///   - isFlattening: whether alpha is put on white, and 16 bits become 8.
  init(_ inputs: [String], flattening isFlattening: Bool) throws {
    self.isFlattening = isFlattening
    var (files, others) = ([(path: String, name: String)](), 0)
    for input in inputs {
      guard FileIdentity.isFolder(input) else {
        guard FileManager.default.fileExists(atPath: input) else {
          throw ValidationError("\(input): there is no such file")
        }
        files.append((input, URL(filePath: input).lastPathComponent))
        continue
      }
      let root = inputs.count == 1 ? "" : URL(filePath: input).standardizedFileURL.lastPathComponent + "/"
      for path in try Self.paths(below: input) {
        if PictureExtensions.read.contains(URL(filePath: path).pathExtension.lowercased()) {
          files.append((input + "/" + path, root + path))
        } else {
          others += 1
        }
      }
    }
    if let twice = Dictionary(grouping: files, by: \.name).first(where: { $0.value.count > 1 }) {
      throw ValidationError(
        "\(twice.value[0].path) and \(twice.value[1].path) would both be \(twice.key): pack them by their folder")
    }
    self.files = files
    notes =
      others > 0
      ? ["\(counted(others, "file")) of other kinds than PNG, JPEG and WebP \(others == 1 ? "is" : "are") left out"]
      : []
  }

  private static func paths(below folder: String) throws -> [String] {
    guard let found = FileManager.default.enumerator(atPath: folder) else {
      throw ValidationError("\(folder) cannot be read")
    }
    var paths: [String] = []
    for case let path as String in found {
      guard !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }),
        !FileIdentity.isFolder(folder + "/" + path)
      else { continue }
      paths.append(path)
    }
    return paths.sorted()
  }

  var count: Int { files.count }
  func name(_ number: Int) -> String? { files[number].name }
  func label(_ number: Int) -> Int? { nil }

  func picture(_ number: Int) throws -> PixelImage {
    let (path, _) = files[number]
    let picture = try PixelImage(contentsOf: URL(filePath: path))
    let isDeep = Self.hasSixteenBits(path)
    guard isFlattening || (picture.channels % 2 == 1 && !isDeep) else {
      throw ValidationError(
        "\(path) has \(isDeep ? "16 bits a value" : "an alpha channel"), which the archive would not keep: --flatten packs "
          + (isDeep ? "the upper 8" : "it on white"))
    }
    return picture.channels % 2 == 1 ? picture : picture.converted(toChannels: picture.channels - 1)
  }

  /// Of a PNG, by its header.
  private static func hasSixteenBits(_ path: String) -> Bool {
    guard let file = try? OpenedFile(path), let head = try? file.read(at: 0, count: 25) else { return false }
    return head.starts(with: [0x89, 0x50, 0x4e, 0x47]) && head[24] == 16
  }

  func remove() throws { for file in files { try FileManager.default.removeItem(atPath: file.path) } }
}
