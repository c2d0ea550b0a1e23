/// The kinds of data sets that are known here.
public enum DatasetKinds {
  /// Every kind, in the order of `glow data list`. A new one is entered here and nowhere else.
  static let all: [any DatasetKind] = [
    FashionMNISTKind(),
    CIFAR10Kind(),
    DownsampledImageNetKind(side: 32), DownsampledImageNetKind(side: 64),
    LSUNKind(.bedroom), LSUNKind(.tower), LSUNKind(.church),
    CelebAKind(),
    CelebAHQKind(),
    TFRecordsKind(),
    WebDatasetKind(),
    IDXKind(),
    PackedKind(),
    PicturesKind(),
  ]

  /// The kind of a source that is the path of a folder and nothing else.
  static let ofPaths: any DatasetKind = PicturesKind()

  /// What is known of each kind, for people who look for the files of one. Nothing is fetched.
  public static var entries: [DatasetEntry] { all.map(\.entry) }

  /// The forms of a source that names its kind, for an error.
  static var forms: String {
    let alone = all.filter { $0.defaultDirectory != nil }.map(\.name)
    return (alone + ["KIND:FOLDER (KIND: \(all.map(\.name).joined(separator: ", ")))"]).joined(separator: ", ")
  }
}
