import Files
import Imaging

/// What the heads of a set's pictures say: of which size they are, and how many are in color.
struct PictureSurvey {
  /// 1 or 3.
  let channels: Int
  /// A sentence where pictures are converted.
  let notes: [String]
  /// The mean of the split's pictures; nil where no head could be read.
  let meanPixels: Int?

  private typealias Head = (file: String, header: ImageHeader)
  private let tree: any FileTree
  /// The split's own, then those of the split that it is trained with.
  private let heads: [Head]
  /// Why there are none.
  private let failure: (any Error)?

  /// - Parameter channels: 1 or 3; nil takes the whole set's.
  /// - Throws: why a head cannot be read, where that is not tolerated.
  init(
    of members: PictureLayout.Members, _ split: DatasetSplit, channels: Int?, _ check: ImageFolder.HeadCheck
  ) throws {
    func read(_ paths: [String]) -> [Result<Head, any Error>] {
      zip(paths, members.heads.read(paths)).map { path, head in head.map { (path, $0) } }
    }
    func sound(_ heads: [Result<Head, any Error>]) -> [Head] { heads.compactMap { try? $0.get() } }
    let results = read(check == .needed ? Array(members.files.prefix(1)) : members.files)
    let own = try check == .tolerant ? sound(results) : results.map { try $0.get() }
    // Pictures of other splits are not for this one to refuse.
    let others = check == .needed ? [:] : members.others
    let partner = split == .test ? [] : others[split == .train ? .validation : .train] ?? []
    let trained = sound(read(partner))
    tree = members.tree
    heads = own + trained
    failure = results.lazy.compactMap { result in if case .failure(let error) = result { error } else { nil } }.first
    meanPixels =
      own.isEmpty ? nil : Int(own.reduce(0.0) { $0 + Double($1.header.width * $1.header.height) } / Double(own.count))
    func colored(_ heads: [Head]) -> Int { heads.count { $0.header.channels > 2 } }
    if let channels {
      self.channels = channels
      notes = Self.note(colored(own), of: own.count, "of the \(split.rawValue) split ", channels)
    } else {
      let rest = split == .test ? Array(others.values.joined()) : others[.test] ?? []
      let all = heads + sound(read(rest))
      // Where nothing could be read, color loses nothing.
      self.channels = all.isEmpty || colored(all) > 0 ? 3 : 1
      notes = Self.note(colored(all), of: all.count, "", self.channels)
    }
  }

  private static func note(_ colored: Int, of count: Int, _ place: String, _ channels: Int) -> [String] {
    let converted = channels == 3 ? count - colored : colored
    guard converted > 0 else { return [] }
    let isOne = converted == 1
    return [
      "\(converted) of \(counted(count, "picture")) \(place)\(isOne ? "is" : "are") \(channels == 3 ? "gray" : "in color"); "
        + "\(isOne ? "it becomes" : "they become") \(channels == 3 ? "RGB" : "gray")"
    ]
  }

  /// - Parameter size: nil for pictures that must be of one size.
  /// - Throws: `DatasetError.mixedSizes`; why no head can be read where one is needed.
  func shape(size: (height: Int, width: Int)?) throws -> ImageShape {
    if let size { return ImageShape(height: size.height, width: size.width, channels: channels) }
    guard let first = heads.first else { throw failure ?? DatasetError.noImages(folder: tree.location) }
    if let odd = heads.first(where: { !$0.header.hasSize(of: first.header) }) {
      throw DatasetError.mixedSizes(
        first: tree.name(of: first.file), firstSize: first.header.sizeText, second: tree.name(of: odd.file),
        secondSize: odd.header.sizeText)
    }
    return ImageShape(height: first.header.height, width: first.header.width, channels: channels)
  }
}

extension ImageHeader {
  fileprivate var sizeText: String { "\(width)x\(height)" }

  fileprivate func hasSize(of other: ImageHeader) -> Bool { width == other.width && height == other.height }
}
