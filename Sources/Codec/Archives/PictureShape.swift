/// The size and kind of a picture.
struct PictureShape: Hashable, Sendable {
  var width: Int
  var height: Int
  /// Whether it is gray, also where the model is of color.
  var isGray: Bool

  static let mostSide = 1 << 20
  /// Of a picture that is lost.
  static let unknown = PictureShape(width: 0, height: 0, isGray: false)

  func tileCount(_ width: Int, _ height: Int) -> Int { columns(width) * ((self.height + height - 1) / height) }
  func columns(_ width: Int) -> Int { (self.width + width - 1) / width }

  /// Where a tile lies, and its size.
  func tile(_ number: Int, _ width: Int, _ height: Int) -> (left: Int, top: Int, size: TileSize) {
    let (column, row) = (number % columns(width), number / columns(width))
    let (left, top) = (column * width, row * height)
    let size = TileSize(width: min(width, self.width - left), height: min(height, self.height - top), isGray: isGray)
    return (left, top, size)
  }

  /// Where a tile lies; nil for a picture of one tile.
  func place(of tile: Int, picture: Int, _ width: Int, _ height: Int) -> TilePlace? {
    guard tileCount(width, height) > 1 else { return nil }
    return TilePlace(picture: picture, column: tile % columns(width), row: tile / columns(width))
  }

  /// Of its pixels.
  func byteCount(channels: Int) -> Int { width * height * (isGray ? 1 : channels) }
}

/// The shapes of many pictures, held as runs of equal ones: a few bytes of a file may stand for many pictures.
struct PictureShapes: RandomAccessCollection, Hashable, Sendable {
  private struct Run: Hashable, Sendable {
    var shape: PictureShape
    /// Of the pictures up to here.
    var end: Int
  }

  /// Of all pixels of an archive.
  private static let mostPixels = 1 << 56

  private var runs: [Run] = []

  init() {}

  init(_ shapes: some Sequence<PictureShape>) { for shape in shapes { append(shape) } }

  var startIndex: Int { 0 }
  var endIndex: Int { runs.last?.end ?? 0 }

  subscript(position: Int) -> PictureShape {
    var (low, high) = (0, runs.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if position < runs[middle].end { high = middle } else { low = middle + 1 }
    }
    return runs[low].shape
  }

  mutating func append(_ shape: PictureShape, count: Int = 1) {
    guard count > 0 else { return }
    if runs.last?.shape == shape {
      runs[runs.count - 1].end += count
    } else {
      runs.append(Run(shape: shape, end: endIndex + count))
    }
  }

  mutating func append(_ others: Self) { others.forEachRun { append($0, count: $1) } }

  private func forEachRun(_ body: (PictureShape, Int) -> Void) {
    var start = 0
    for run in runs {
      body(run.shape, run.end - start)
      start = run.end
    }
  }

  /// Of all pixels.
  func byteCount(channels: Int) -> Int {
    var sum = 0
    forEachRun { sum += $0.byteCount(channels: channels) * $1 }
    return sum
  }

  /// Runs of equal shapes: how many, width, height, and whether they are gray.
  func append(to writer: inout ByteWriter) {
    writer.append(varying: count)
    forEachRun { shape, count in
      writer.append(varying: count)
      writer.append(varying: shape.width)
      writer.append(varying: 2 * shape.height + (shape.isGray ? 1 : 0))
    }
  }

  /// - Parameter most: of the pictures.
  init(_ reader: inout ByteReader, upTo most: Int) throws {
    let count = try reader.varying(upTo: most)
    var pixels = 0
    while self.count < count {
      let run = try reader.varying(upTo: count - self.count)
      let width = try reader.varying(upTo: PictureShape.mostSide)
      let tall = try reader.varying(upTo: 2 * PictureShape.mostSide + 1)
      guard run > 0, width > 0, tall > 1 else { throw Damage("holds a picture without pixels") }
      let shape = PictureShape(width: width, height: tall / 2, isGray: tall % 2 == 1)
      let (all, isTooMany) = (shape.width * shape.height).multipliedReportingOverflow(by: run)
      guard !isTooMany, all <= Self.mostPixels - pixels else { throw Damage("holds more pixels than there can be") }
      pixels += all
      append(shape, count: run)
    }
  }
}
