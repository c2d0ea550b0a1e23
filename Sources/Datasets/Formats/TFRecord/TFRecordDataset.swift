import Foundation
import SwiftProtobuf

/// Images in TFRecord shards as the released Glow program used them: each record a `tf.train.Example` with `shape`,
/// three int64 (height, width, channels), `data`, the uint8 pixels channels last, `label`, an int64, and for CelebA-HQ
/// `attr`, 40 int64.
///
/// Images are of one size. Where the files' names tell a smaller one (`-r06-` is 64 pixels), as with LSUN prepared as
/// in RealNVP, images are cut from the records: for training at random places, else from the middle.
public struct TFRecordDataset: ImageDataset {
  public let split: DatasetSplit
  public let shape: ImageShape
  public var count: Int { images.count }
  public let classNames: [String]
  public var attributeNames: [String] { attributes?.names ?? [] }
  public let cropsAtRandom: Bool
  private let files: [TFRecordFile]
  private let images: PartLookup
  private let labels: [Int32]
  private var attributes: AttributeTable?

  public var name: String { "tfrecord" }

  /// Opens a split. Records hold labels that mean nothing without a count of classes; asking for labels or attributes
  /// reads all records once.
  ///
  /// - Parameters:
  ///   - side: which resolution to take where the folder holds several; by default the largest.
  ///   - classes: labels are 0 to `classes` - 1; nil leaves them out.
  ///   - hasAttributes: takes `attr` as CelebA's attributes.
  /// - Throws: `DatasetError`, naming the file and the record.
  public init(
    directory: URL, split: DatasetSplit, side: Int? = nil, classes: Int? = nil, hasAttributes: Bool = false
  ) throws {
    guard let shards = try TFRecordShards(of: directory, split: split, side: side) else {
      throw DatasetError.missingFile(
        file: directory.appendingPathComponent("\(split.rawValue)/*.tfrecords").path,
        advice: "expected TFRecord shards of the split there")
    }
    self.split = split
    files = try shards.urls.map(TFRecordFile.init(reading:)).filter { $0.count > 0 }
    guard let first = files.first else { throw DatasetError.noImages(folder: directory.path) }
    let image = try TFRecordImage(first, 0)
    shape = ImageShape(
      height: shards.side ?? image.shape.height, width: shards.side ?? image.shape.width,
      channels: image.shape.channels)
    cropsAtRandom = image.shape.height > shape.height || image.shape.width > shape.width
    images = PartLookup(files.map(\.count))
    classNames = classes.map { (0..<$0).map(String.init) } ?? []
    var (labels, table) = ([Int32](), AttributeTable(names: CelebAAttributes.names))
    if classes != nil || hasAttributes {
      for file in files {
        for record in 0..<file.count {
          let image = try TFRecordImage(file, record)
          if let classes { labels.append(Int32(try image.label(below: classes))) }
          if hasAttributes { table.append(try image.attributes(table.names.count)) }
        }
      }
    }
    self.labels = labels
    attributes = hasAttributes ? table : nil
  }

  public var shuffleBlock: Int? { PackedDataset.shuffleBlock(of: shape) }

  public func label(at index: Int) -> Int? { labels.isEmpty ? nil : Int(labels[index]) }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { attributes?[index, attribute] }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try image(at: index).copyPixels(to: buffer, shape: shape) { ($0 / 2, $1 / 2) }
  }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    try image(at: index).copyPixels(to: buffer, shape: shape) {
      (random.next(below: $0 + 1), random.next(below: $1 + 1))
    }
  }

  private func image(at index: Int) throws -> TFRecordImage {
    let (file, record) = images.place(of: index)
    return try TFRecordImage(files[file], record)
  }
}

/// One record, unpacked.
private struct TFRecordImage {
  let shape: ImageShape
  private let name: String
  private let file: String
  private let data: Data
  private let features: [String: ProtoFeature]

  init(_ file: TFRecordFile, _ record: Int) throws {
    let bytes = try file.record(at: record)
    self.file = file.path
    name = "record \(record)"
    do { features = try ProtoExample(serializedBytes: bytes).features.feature } catch {
      throw DatasetError.wrongField(
        file: file.path, field: name, expected: "a tf.train.Example", found: "other data (\(error))")
    }
    let sizes = features["shape"]?.int64List.value ?? []
    guard sizes.count == 3, sizes[..<2].allSatisfy({ (1...1 << 16).contains($0) }), sizes[2] == 1 || sizes[2] == 3
    else {
      throw DatasetError.wrongField(
        file: file.path, field: "feature shape of \(name)", expected: "height, width and 1 or 3 channels",
        found: features["shape"] == nil ? "no such feature" : "\(sizes)")
    }
    shape = ImageShape(height: Int(sizes[0]), width: Int(sizes[1]), channels: Int(sizes[2]))
    let values = features["data"]?.bytesList.value ?? []
    guard values.count == 1, values[0].count == shape.elementCount else {
      throw DatasetError.wrongField(
        file: file.path, field: "feature data of \(name)",
        expected: "\(shape.elementCount) bytes by its shape \(shape)",
        found: values.count == 1 ? "\(values[0].count)" : "\(values.count) values")
    }
    data = values[0]
  }

  func label(below classes: Int) throws -> Int {
    let values = features["label"]?.int64List.value ?? []
    guard values.count == 1, (0..<Int64(classes)).contains(values[0]) else {
      throw DatasetError.wrongField(
        file: file, field: "feature label of \(name)", expected: "one number, 0 to \(classes - 1)", found: "\(values)")
    }
    return Int(values[0])
  }

  func attributes(_ count: Int) throws -> [AttributeTable.State] {
    let values = features["attr"]?.int64List.value ?? []
    guard values.count == count, values.allSatisfy({ (-1...1).contains($0) }) else {
      throw DatasetError.wrongField(
        file: file, field: "feature attr of \(name)", expected: "\(count) numbers, 1 (yes) or -1 or 0 (no)",
        found: values.count == count ? "others" : "\(values.count)")
    }
    return values.map { $0 == 1 ? .yes : .no }
  }

  /// - Parameter place: given how many pixels a crop can move down and right, how many it does.
  func copyPixels(
    to buffer: UnsafeMutableBufferPointer<UInt8>, shape target: ImageShape,
    _ place: (_ down: Int, _ right: Int) -> (Int, Int)
  ) throws {
    guard shape.channels == target.channels, shape.height >= target.height, shape.width >= target.width else {
      throw DatasetError.wrongField(
        file: file, field: "shape of \(name)", expected: "at least \(target)", found: "\(shape)")
    }
    let (top, left) = place(shape.height - target.height, shape.width - target.width)
    let row = target.width * target.channels
    data.withUnsafeBytes { data in
      for y in 0..<target.height {
        let start = ((top + y) * shape.width + left) * shape.channels
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[y * row..<(y + 1) * row])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: data[start..<start + row]))
      }
    }
  }
}
