/// In which of several parts that follow each other an image lies: shards, files, pages.
struct PartLookup: Sendable {
  /// The first image of each part.
  private let firsts: [Int]
  /// The images of all parts.
  let count: Int

  /// - Parameter counts: the images of each part.
  init(_ counts: some Sequence<Int>) {
    var (firsts, count) = ([Int](), 0)
    for images in counts {
      firsts.append(count)
      count += images
    }
    (self.firsts, self.count) = (firsts, count)
  }

  /// The part that holds image `index`, and the image's place in it.
  func place(of index: Int) -> (part: Int, image: Int) {
    precondition((0..<count).contains(index), "image \(index) is outside 0..<\(count)")
    let part = firsts.partitioningIndex { $0 > index } - 1
    return (part, index - firsts[part])
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `isSecondPart`, where those that do not all come first.
  package func partitioningIndex(where isSecondPart: (Element) -> Bool) -> Int {
    var range = startIndex..<endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = isSecondPart(self[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return range.lowerBound
  }
}
