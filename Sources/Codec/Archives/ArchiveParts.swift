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

/// Which tiles a block holds.
struct BlockContents: Hashable, Sendable {
  /// The first picture of which it has a tile.
  var firstPicture: Int
  /// Tiles of that picture that are in blocks before.
  var skippedTiles: Int
  var tileCount: Int
  /// Of all pictures of which it has a tile.
  var shapes: PictureShapes

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
    for number in [firstPicture, skippedTiles, tileCount] { writer.append(varying: number) }
    shapes.append(to: &writer)
  }

  static let mostTiles = 1 << 13

  init(_ reader: inout ByteReader, _ width: Int, _ height: Int) throws {
    firstPicture = try reader.varying(upTo: 1 << 40)
    skippedTiles = try reader.varying(upTo: 1 << 40)
    tileCount = try reader.varying(upTo: Self.mostTiles)
    shapes = try PictureShapes(&reader, upTo: tileCount)
    let tiles = shapes.map { $0.tileCount(width, height) }
    guard !tiles.isEmpty, skippedTiles < tiles[0], tileCount + skippedTiles <= tiles.reduce(0, +),
      tileCount + skippedTiles > tiles.dropLast().reduce(0, +)
    else { throw Damage("holds a block that makes no sense") }
  }

  init(firstPicture: Int, skippedTiles: Int, tileCount: Int, shapes: PictureShapes) {
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
  var shapes = PictureShapes()
  /// Of the part with the names; 0 where there are none.
  var namesOffset = 0
  var modelOffset = 0

  /// The index's offset, its checksum, and the archive's magic number once more.
  static let footerBytes = 20

  var bytes: [UInt8] {
    var writer = ByteWriter()
    shapes.append(to: &writer)
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
    shapes = try PictureShapes(&reader, upTo: 1 << 32)
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
    guard shapes.count <= blocks.reduce(0, { $0 + $1.tileCount }) else {
      throw Damage("has an index of more pictures than tiles")
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
