/// The parts of an archive after its header. Each is a word of four letters, the number of bytes that follow, their CRC-32C, and the
/// bytes.
enum ArchivePart: String {
  case block = "GLZB"
  case names = "GLZN"
  case model = "GLZM"
  case index = "GLZI"

  static let frameBytes = 12

  func framed(_ body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(Array(rawValue.utf8))
    writer.append(UInt32(body.count))
    writer.append(checksum(of: body))
    writer.append(body)
    return writer.bytes
  }

  /// What a frame says of the bytes after it.
  static func frame(_ bytes: [UInt8]) throws -> (part: ArchivePart, count: Int, checksum: UInt32) {
    var reader = ByteReader(bytes)
    guard let part = ArchivePart(rawValue: String(decoding: try reader.take(4), as: UTF8.self)) else {
      throw Damage("holds something that is no part of an archive")
    }
    return (part, Int(try reader.number(UInt32.self)), try reader.number())
  }
}

/// The size and kind of a picture.
struct PictureShape: Hashable, Sendable {
  var width: Int
  var height: Int
  /// Whether it is gray, also where the model is of color.
  var isGray: Bool

  static let mostSide = 1 << 20

  func tileCount(_ width: Int, _ height: Int) -> Int { columns(width) * ((self.height + height - 1) / height) }
  func columns(_ width: Int) -> Int { (self.width + width - 1) / width }

  /// Where a tile lies, and its size.
  func tile(_ number: Int, _ width: Int, _ height: Int) -> (left: Int, top: Int, size: TileSize) {
    let (column, row) = (number % columns(width), number / columns(width))
    let (left, top) = (column * width, row * height)
    let size = TileSize(width: min(width, self.width - left), height: min(height, self.height - top), isGray: isGray)
    return (left, top, size)
  }
}

extension ByteWriter {
  /// Runs of equal shapes: how many, width, height, and whether they are gray.
  mutating func append(_ shapes: [PictureShape]) {
    var start = 0
    while start < shapes.count {
      var end = start
      while end < shapes.count, shapes[end] == shapes[start] { end += 1 }
      append(varying: end - start)
      append(varying: shapes[start].width)
      append(varying: 2 * shapes[start].height + (shapes[start].isGray ? 1 : 0))
      start = end
    }
  }
}

extension ByteReader {
  mutating func shapes(count: Int) throws -> [PictureShape] {
    var shapes: [PictureShape] = []
    while shapes.count < count {
      let run = try varying(upTo: count - shapes.count)
      let width = try varying(upTo: PictureShape.mostSide)
      let tall = try varying(upTo: 2 * PictureShape.mostSide + 1)
      guard run > 0, width > 0, tall > 1 else { throw Damage("holds a picture without pixels") }
      let shape = PictureShape(width: width, height: tall / 2, isGray: tall % 2 == 1)
      shapes += [PictureShape](repeating: shape, count: run)
    }
    return shapes
  }
}

/// Which tiles a block holds.
struct BlockContents: Hashable, Sendable {
  /// The first picture of which it has a tile.
  var firstPicture: Int
  /// Tiles of that picture that are in blocks before.
  var skippedTiles: Int
  var tileCount: Int
  /// Of all pictures of which it has a tile.
  var shapes: [PictureShape]

  /// Picture by picture: its number, its shape, and which of its tiles.
  func pieces(_ width: Int, _ height: Int) -> [(picture: Int, shape: PictureShape, tiles: Range<Int>)] {
    var (pieces, left, skipped) = ([(Int, PictureShape, Range<Int>)](), tileCount, skippedTiles)
    for (number, shape) in shapes.enumerated() {
      let count = min(left, shape.tileCount(width, height) - skipped)
      pieces.append((firstPicture + number, shape, skipped..<skipped + count))
      (left, skipped) = (left - count, 0)
    }
    return pieces
  }

  func append(to writer: inout ByteWriter) {
    for number in [firstPicture, skippedTiles, tileCount, shapes.count] { writer.append(varying: number) }
    writer.append(shapes)
  }

  static let mostTiles = 1 << 13

  init(_ reader: inout ByteReader, _ width: Int, _ height: Int) throws {
    firstPicture = try reader.varying(upTo: 1 << 40)
    skippedTiles = try reader.varying(upTo: 1 << 40)
    tileCount = try reader.varying(upTo: Self.mostTiles)
    let count = try reader.varying(upTo: tileCount)
    shapes = try reader.shapes(count: count)
    let tiles = shapes.map { $0.tileCount(width, height) }
    guard count > 0, skippedTiles < tiles[0], tileCount + skippedTiles <= tiles.reduce(0, +),
      tileCount + skippedTiles > tiles.dropLast().reduce(0, +)
    else { throw Damage("holds a block that makes no sense") }
  }

  init(firstPicture: Int, skippedTiles: Int, tileCount: Int, shapes: [PictureShape]) {
    self.firstPicture = firstPicture
    self.skippedTiles = skippedTiles
    self.tileCount = tileCount
    self.shapes = shapes
  }
}

/// Where a block lies.
struct BlockPlace: Hashable, Sendable {
  /// Of its frame, from the archive's first byte.
  var offset: Int
  /// Of its frame and its body.
  var byteCount: Int
  var firstPicture: Int
  var skippedTiles: Int
  var tileCount: Int
}

/// What lies where, so that a reader need not scan.
struct ArchiveIndex: Hashable, Sendable {
  var blocks: [BlockPlace] = []
  var shapes: [PictureShape] = []
  /// Of the part with the names; 0 where there are none.
  var namesOffset = 0
  var modelOffset = 0

  /// The index's offset, its checksum, and the archive's magic number once more.
  static let footerBytes = 20

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.append(varying: shapes.count)
    writer.append(shapes)
    writer.append(varying: namesOffset)
    writer.append(varying: modelOffset)
    writer.append(varying: blocks.count)
    var end = 0
    for block in blocks {
      for number in [block.offset - end, block.byteCount, block.firstPicture, block.skippedTiles, block.tileCount] {
        writer.append(varying: number)
      }
      end = block.offset + block.byteCount
    }
    return writer.bytes
  }

  /// - Parameter fileBytes: of the whole archive, in which all places lie.
  init(_ bytes: [UInt8], fileBytes: Int) throws {
    var reader = ByteReader(bytes)
    shapes = try reader.shapes(count: try reader.varying(upTo: 1 << 32))
    namesOffset = try reader.varying(upTo: fileBytes)
    modelOffset = try reader.varying(upTo: fileBytes)
    let count = try reader.varying(upTo: reader.remaining)
    var end = 0
    for _ in 0..<count {
      let offset = end + (try reader.varying(upTo: fileBytes))
      let byteCount = try reader.varying(upTo: fileBytes)
      let first = try reader.varying(upTo: shapes.count)
      let skipped = try reader.varying(upTo: 1 << 40)
      let tiles = try reader.varying(upTo: BlockContents.mostTiles)
      guard byteCount > ArchivePart.frameBytes, offset + byteCount <= fileBytes else {
        throw Damage("has an index that points beyond its end")
      }
      blocks.append(
        BlockPlace(offset: offset, byteCount: byteCount, firstPicture: first, skippedTiles: skipped, tileCount: tiles))
      end = offset + byteCount
    }
  }

  init() {}

  func footer(at offset: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(UInt64(offset))
    writer.append(checksum(of: writer.bytes))
    writer.append(ArchiveHeader.magic)
    return writer.bytes
  }

  /// Where the index lies, by the archive's last bytes.
  static func offset(footer bytes: [UInt8]) throws -> Int {
    var reader = ByteReader(bytes)
    let place = Array(try reader.take(8))
    guard checksum(of: place) == (try reader.number()), Array(try reader.take(8)) == ArchiveHeader.magic else {
      throw Damage("has no index at its end: it was cut short or is damaged")
    }
    var number = ByteReader(place)
    let offset: UInt64 = try number.number()
    guard offset < UInt64(Int.max) else { throw Damage("has an index beyond its end") }
    return Int(offset)
  }
}
