import Foundation

/// A kind of data set: what stands before the colon of a ``DatasetSource``, and how sets of the kind are opened.
///
/// A new kind is a type that conforms to this, in a file of its own, and one line in ``DatasetKinds``. `name`, `entry` and
/// `open` are enough; reading and writing sources and their options, refusing other options, fitting images to a size and
/// cutting a validation split follow from what the kind says here.
protocol DatasetKind: Sendable {
  /// The word before the colon, such as `cifar10`.
  var name: String { get }
  /// What `glow data list` says.
  var entry: DatasetEntry { get }
  /// What may follow the name, in the order in which a source is written. None unless given.
  var options: [DatasetOption] { get }
  /// Where the files are if the name stands alone; nil, as it is unless given, if a folder has to be named.
  var defaultDirectory: URL? { get }
  /// Whether images have no size of their own that all of a split share, so that one should be given. False unless given.
  var needsSize: Bool { get }

  /// How many images the published set has; empty, as it is unless given, for what is not published with fixed counts.
  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int]
  /// Sizes and checksums that are published for files of the set. None unless given.
  func fileChecks(of location: DatasetLocation) -> [IntegrityCheck]

  /// Whether the set has validation images beside its test images; else some training images become the validation split.
  /// False unless given.
  func hasOwnValidation(_ location: DatasetLocation) -> Bool
  /// How many of so many training images become the validation split: 5,000, or one in twelve if these are fewer, unless
  /// given.
  func validationCount(cutFrom count: Int) -> Int

  /// Opens a split that the set has itself; `.train` is all of its training images.
  ///
  /// Images of another size or number of channels than asked for are fitted by the caller: only a kind that can do it
  /// better, or cannot do without, looks at these.
  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset
  /// Opens several splits at once, each as `open` does: what they share is read once. Unless given, one after the other.
  func open(_ location: DatasetLocation, _ requests: [DatasetRequest]) throws -> [any ImageDataset]
  /// Opens a split as `glow data check` reads it: all of the images that the set assigns to it, nothing cut by seed; nil
  /// for a split that the set does not have. Unless given, as `open` does it, without a validation split.
  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)?

  /// The kind of what is there: another where a folder says of itself that it is one. This kind unless given.
  func resolved(at location: DatasetLocation) -> any DatasetKind
}

extension DatasetKind {
  var options: [DatasetOption] { [] }
  var defaultDirectory: URL? { nil }
  var needsSize: Bool { false }

  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int] { [:] }
  func fileChecks(of location: DatasetLocation) -> [IntegrityCheck] { [] }
  func hasOwnValidation(_ location: DatasetLocation) -> Bool { false }
  func validationCount(cutFrom count: Int) -> Int { min(5000, max(1, count / 12)) }
  func open(_ location: DatasetLocation, _ requests: [DatasetRequest]) throws -> [any ImageDataset] {
    try requests.map { try open(location, $0) }
  }
  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    split == .validation ? nil : try open(location, DatasetRequest(split: split))
  }
  func resolved(at location: DatasetLocation) -> any DatasetKind { self }
}

/// Which images of a data set to open, and how.
struct DatasetRequest: Sendable {
  var split: DatasetSplit
  /// Nil keeps the images' size.
  var size: (height: Int, width: Int)?
  /// 1 or 3; nil keeps what there is.
  var channels: Int?
  /// Chooses the images of splits that the set does not fix.
  var seed: UInt64 = 0
  /// Whether picture files that are none are left to be reported when they are read.
  var toleratingDamage = false
  var reading = PictureReading()

  /// The size at which pictures are decoded to see whether they can be.
  static let checkingSize = (height: 8, width: 8)
}
