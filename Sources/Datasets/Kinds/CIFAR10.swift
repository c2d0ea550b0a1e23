import Foundation

/// CIFAR-10 in its binary version (Krizhevsky 2009), held in memory: 32x32 RGB, 10 classes, 50,000 training images in
/// `data_batch_1.bin` to `data_batch_5.bin`, 10,000 test images in `test_batch.bin`.
///
/// A record is 3,073 bytes: the label, then the red, the green and the blue plane; images are given channels last.
public struct CIFAR10: ImageDataset {
  /// The names of labels 0 to 9.
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  public let split: DatasetSplit
  public let count: Int
  private let records: [UInt8]

  public var name: String { "cifar10" }
  public var shape: ImageShape { ImageShape(height: 32, width: 32, channels: 3) }
  public var classNames: [String] { Self.classNames }

  /// Opens a split in whichever form the folder holds it: `cifar10.npz` with `x_train`, `y_train`, `x_test` and
  /// `y_test` (channels last); `data_batch_1.npz` to `data_batch_5.npz` and `test_batch.npz` with `data` (in planes)
  /// and `labels`; PNG pictures in `train/CLASS` and `test/CLASS`; else the binary version.
  ///
  /// - Throws: `DatasetError` or `ImagingError`, naming the file and the field.
  public static func open(directory: URL, split: DatasetSplit) throws -> any ImageDataset {
    precondition(split != .validation, "CIFAR-10 has no validation split; cut one from the training images")
    func file(_ name: String) -> URL? {
      let url = directory.appendingPathComponent(name)
      return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
    func open(_ parts: [NPZDataset.Part], _ layout: NPZDataset.Layout) throws -> NPZDataset {
      try NPZDataset(
        parts, layout: layout, side: 32, name: "cifar10", split: split, classNames: classNames, firstLabel: 0,
        shuffleBlock: nil, adviceIfMissing: "expected data_batch_1.npz to data_batch_5.npz and test_batch.npz")
    }
    if let archive = file("cifar10.npz") {
      return try open(
        [.init(file: archive, images: "x_\(split.rawValue)", labels: "y_\(split.rawValue)")], .channelsLast)
    }
    if file("data_batch_1.npz") != nil || file("test_batch.npz") != nil {
      let names = split == .test ? ["test_batch"] : (1...5).map { "data_batch_\($0)" }
      return try open(
        names.map { .init(file: directory.appendingPathComponent("\($0).npz"), images: "data", labels: "labels") },
        .planes)
    }
    if let folder = file(split.rawValue) { return try openPictures(folder, split: split) }
    return try CIFAR10(directory: directory, split: split)
  }

  private static func openPictures(_ folder: URL, split: DatasetSplit) throws -> ImageFolder {
    let tree = try FolderTree(of: folder)
    let listing = PictureListing(of: tree)
    let paths = listing.pictures
    let labels = try paths.map { path in
      let parts = path.split(separator: "/")
      guard parts.count == 2, let label = classNames.firstIndex(of: String(parts[0])) else {
        throw DatasetError.wrongField(
          file: tree.name(of: path), field: "folder of the picture",
          expected: "one of \(classNames.joined(separator: ", "))", found: parts.dropLast().joined(separator: "/"))
      }
      return label
    }
    return try ImageFolder(
      name: "cifar10", split: split,
      PictureLayout.Members(
        heads: PictureHeads(tree), files: paths, labels: labels, classNames: classNames, notes: listing.notes),
      shape: ImageShape(height: 32, width: 32, channels: 3))
  }

  private static let planeBytes = 32 * 32
  private static let recordBytes = 1 + 3 * planeBytes

  /// Opens the binary version.
  ///
  /// - Parameters:
  ///   - directory: holds the `.bin` files, or the folder `cifar-10-batches-bin` that holds them. A file may hold any
  ///     number of records.
  ///   - split: `.test`, or `.train` for all of the training images; there is no official validation split.
  /// - Throws: `DatasetError`, naming the file and the field.
  public init(directory: URL, split: DatasetSplit) throws {
    precondition(split != .validation, "CIFAR-10 has no validation split; cut one from the training images")
    let unpacked = directory.appendingPathComponent("cifar-10-batches-bin")
    let folder = FileManager.default.fileExists(atPath: unpacked.path) ? unpacked : directory
    let names = split == .test ? ["test_batch.bin"] : (1...5).map { "data_batch_\($0).bin" }
    let parts = try names.map { try Self.readRecords(of: folder.appendingPathComponent($0)) }
    self.split = split
    records = Array(parts.joined())
    self.count = records.count / Self.recordBytes
  }

  public func label(at index: Int) -> Int? { Int(records[index * Self.recordBytes]) }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let start = index * Self.recordBytes + 1
    records[start..<start + 3 * Self.planeBytes].withUnsafeBufferPointer { planes in
      interleave(planes: planes, into: buffer)
    }
  }

  private static func readRecords(of url: URL) throws -> [UInt8] {
    let file = try InputFile(
      reading: url, adviceIfMissing: "unpack cifar-10-binary.tar.gz there and name the folder with its .bin files")
    guard !file.bytes.isEmpty, file.bytes.count % recordBytes == 0 else {
      throw DatasetError.wrongField(
        file: file.path, field: "length", expected: "a multiple of \(recordBytes) bytes, one record an image",
        found: "\(file.bytes.count)")
    }
    for start in stride(from: 0, to: file.bytes.count, by: recordBytes) where file.bytes[start] >= classNames.count {
      throw DatasetError.wrongField(
        file: file.path, field: "label of record \(start / recordBytes)", expected: "at most \(classNames.count - 1)",
        found: "\(file.bytes[start])")
    }
    return file.bytes
  }
}

/// `cifar10`.
struct CIFAR10Kind: DatasetKind {
  let name = "cifar10"

  /// The MD5 is the one that the set's page states.
  private static let archive = (name: "cifar-10-binary.tar.gz", md5: "c32a1d4ab5d03f1284b67883e8d87530")

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER", title: "CIFAR-10",
      images: "32x32 RGB, 10 classes: 50,000 training and 10,000 test images",
      origin: "Krizhevsky 2009, University of Toronto; https://www.cs.toronto.edu/~kriz/cifar.html",
      terms: "no license stated; the page asks to cite the technical report",
      files: [
        "data_batch_1.bin to data_batch_5.bin and test_batch.bin, 30,730,000 bytes each, from "
          + "\(Self.archive.name) (MD5 \(Self.archive.md5))",
        "or cifar10.npz with x_train, y_train, x_test, y_test (uint8 [images, 32, 32, 3] and labels 0 to 9)",
        "or data_batch_1.npz to data_batch_5.npz and test_batch.npz with data (uint8 [images, 3072], in planes) and "
          + "labels 0 to 9",
        "or PNG pictures in train/CLASS and test/CLASS, CLASS being airplane, automobile, ...",
      ])
  }

  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int] { [.train: 50_000, .test: 10_000] }

  func fileChecks(of location: DatasetLocation) -> [IntegrityCheck] {
    let archive = location.directory.appendingPathComponent(Self.archive.name)
    guard FileManager.default.fileExists(atPath: archive.path) else { return [] }
    return [
      IntegrityCheck(file: archive.path) {
        let found = try md5(of: archive)
        guard found == Self.archive.md5 else {
          throw DatasetError.wrongChecksum(
            file: archive.path, kind: "MD5", expected: Self.archive.md5, found: found)
        }
      }
    ]
  }

  func validationCount(cutFrom count: Int) -> Int { 5000 }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try CIFAR10.open(directory: location.directory, split: request.split)
  }
}

extension DatasetSource {
  /// CIFAR-10; see ``CIFAR10``.
  public static func cifar10(directory: URL) -> DatasetSource { DatasetSource(CIFAR10Kind(), directory) }
}
