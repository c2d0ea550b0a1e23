import Files
import FlowModels
import Foundation
import Imaging

/// Reads an archive that ``ArchiveWriter`` wrote. What it says is not trusted: every length is checked before memory is taken, and
/// every block by two checksums.
///
/// ```swift
/// let reader = try ArchiveReader(URL(filePath: "clothes.glz"))
/// try reader.use(FlowCode(glow.blueprint()))
/// try reader.read(0..<reader.pictureCount) { number, picture in print(number, picture.width) }
/// ```
public final class ArchiveReader {
  /// What the archive says before its blocks.
  public let header: ArchiveHeader
  private let file: OpenedFile
  private let index: ArchiveIndex
  /// Why blocks were looked for one after the other; nil where the index is at its place.
  public let problem: CodecError?
  private var coders: [BlockCoder] = []

  /// Pictures that the index lists; without an index, those of the blocks that were found and the gaps between them.
  public var pictureCount: Int { index.shapes.count }
  /// Bytes of the file.
  public var byteCount: Int { file.byteCount }
  /// Blocks that the index lists; without an index, those that were found.
  public var blockCount: Int { index.blocks.count }
  /// Bytes of all pixels.
  public var rawBytes: Int { index.shapes.byteCount(channels: header.channels) }
  /// Bytes of the blocks, with their frames.
  public var blockBytes: Int { index.blocks.map(\.byteCount).reduce(0, +) }
  /// Whether the model's files are in the archive: ``embeddedModel()`` gives them.
  public var hasModel: Bool { index.modelOffset > 0 }
  /// Whether the pictures' names are in the archive: ``names()`` gives them.
  public var hasNames: Bool { index.namesOffset > 0 }

  /// The size of a picture in pixels, and its channels: 1 for a gray one, else the model's.
  /// - Parameter picture: its number, from 0.
  public func size(of picture: Int) -> (width: Int, height: Int, channels: Int) {
    let shape = index.shapes[picture]
    return (shape.width, shape.height, shape.isGray ? 1 : header.channels)
  }

  /// - Throws: ``CodecError`` for what is no archive, or not even in parts.
  public init(_ url: URL) throws {
    do {
      file = try OpenedFile(url.path)
    } catch { throw CodecError("\(url.path) cannot be read: \(error.systemReason)") }
    do {
      let start = try Self.bytes(of: file, 0, ArchiveHeader.fixedBytes)
      let count = try ArchiveHeader.byteCount(start)
      header = try ArchiveHeader(Self.bytes(of: file, 0, count))
      do {
        index = try Self.index(of: file)
        problem = nil
      } catch let damage as Damage {
        index = Self.scanned(file, from: count, header)
        problem = CodecError("\(url.path) \(damage.reason)")
      }
    } catch let damage as Damage { throw CodecError("\(url.path) \(damage.reason)") }
  }

  private static func bytes(of file: OpenedFile, _ offset: Int, _ count: Int) throws -> [UInt8] {
    do { return try file.read(at: offset, count: count) } catch .ended { throw Damage("ends too soon") } catch {
      throw Damage("cannot be read: \(error.systemReason)")
    }
  }

  /// The body of a part.
  private static func body(of file: OpenedFile, _ wanted: ArchivePart, at offset: Int) throws -> [UInt8] {
    let frame = try ArchivePart.frame(bytes(of: file, offset, ArchivePart.frameBytes))
    guard frame.part == wanted else { throw Damage("has another part where \(wanted.rawValue) should be") }
    let body = try bytes(of: file, offset + ArchivePart.frameBytes, frame.count)
    guard checksum(of: body) == frame.checksum else {
      throw Damage("is damaged: a checksum of \(wanted.rawValue) is wrong")
    }
    return body
  }

  private static func index(of file: OpenedFile) throws -> ArchiveIndex {
    let count = ArchiveIndex.footerBytes
    let offset = try ArchiveIndex.offset(footer: bytes(of: file, file.byteCount - count, count))
    return try ArchiveIndex(body(of: file, .index, at: offset), fileBytes: file.byteCount)
  }

  /// Where the next word lies that may begin a part; the end of the file where there is none.
  private static func nextPart(in file: OpenedFile, from start: Int) -> Int {
    let (chunkBytes, word) = (1 << 20, Array("GLZ".utf8))
    for offset in stride(from: start, to: file.byteCount, by: chunkBytes) {
      let count = min(chunkBytes + word.count - 1, file.byteCount - offset)
      guard let bytes = try? file.read(at: offset, count: count), bytes.count >= word.count else { continue }
      if let found = (0...bytes.count - word.count).first(where: {
        bytes[$0] == word[0] && bytes[$0..<$0 + 3].elementsEqual(word)
      }) {
        return offset + found
      }
    }
    return file.byteCount
  }

  /// What can be found without an index: the parts one after the other, and after damage the next word that begins one.
  private static func scanned(_ file: OpenedFile, from start: Int, _ header: ArchiveHeader) -> ArchiveIndex {
    var index = ArchiveIndex()
    var found: [BlockContents] = []
    var offset = start
    while offset + ArchivePart.frameBytes <= file.byteCount {
      guard let frame = try? ArchivePart.frame(bytes(of: file, offset, ArchivePart.frameBytes)),
        let body = try? body(of: file, frame.part, at: offset)
      else {
        offset = nextPart(in: file, from: offset + 1)
        continue
      }
      let byteCount = ArchivePart.frameBytes + body.count
      switch frame.part {
      case .names: index.namesOffset = offset
      case .model: index.modelOffset = offset
      case .index: break
      case .block:
        guard let block = try? Block(body, header) else { break }
        index.blocks.append(
          BlockPlace(
            offset: offset, byteCount: byteCount, firstPicture: block.contents.firstPicture,
            skippedTiles: block.contents.skippedTiles, tileCount: block.contents.tileCount))
        found.append(block.contents)
      }
      offset += byteCount
    }
    // Pictures of lost blocks have no shape; those after them keep their numbers. More than the file has bits were never there.
    for contents in found.sorted(by: { $0.firstPicture < $1.firstPicture }) {
      let gap = contents.firstPicture - index.shapes.count
      guard gap <= 8 * file.byteCount else { break }
      index.shapes.append(.unknown, count: gap)
      index.shapes.append(PictureShapes(contents.shapes.dropFirst(max(0, -gap))))
    }
    return index
  }

  /// The pictures' names; empty where there are none.
  /// - Throws: ``CodecError``.
  public func names() throws -> [String] {
    guard hasNames else { return [] }
    do {
      return try NameList.unpacked(Self.body(of: file, .names, at: index.namesOffset), count: pictureCount)
    } catch let damage as Damage { throw CodecError("\(file.path) \(damage.reason)") }
  }

  /// The model's files that the archive holds; nil where it holds none.
  /// - Throws: ``CodecError``.
  public func embeddedModel() throws -> [UInt8]? {
    guard hasModel else { return nil }
    do { return try Self.body(of: file, .model, at: index.modelOffset) } catch let damage as Damage {
      throw CodecError("\(file.path) \(damage.reason)")
    }
  }

  /// Takes the model, and sees that this machine computes as the one that wrote the archive.
  /// - Throws: ``CodecError`` for another model, or other arithmetic.
  public func use(_ code: FlowCode, threads: Int = 1) throws {
    guard ModelIdentity.digest(of: code.blueprint) == header.model.digest else {
      throw CodecError(
        "\(file.path) was written with another model: \(header.printableModelName), whose SHA-256 is \(header.model.name)"
      )
    }
    let blueprint = code.blueprint
    guard header.tileWidth == blueprint.width, header.tileHeight == blueprint.height,
      header.channels == blueprint.channels, header.bits == blueprint.bits,
      [0, blueprint.conditionCount].contains(header.kind.count)
    else { throw CodecError("\(file.path) has a header that does not fit its model") }
    let code = code.grid == header.grid ? code : try FlowCode(code.blueprint, grid: header.grid)
    let own = ModelIdentity(of: code)
    guard own.arithmetic == header.model.arithmetic else {
      throw CodecError(
        "\(file.path) cannot be read here: this machine computes otherwise than the one that wrote it")
    }
    var options = BlockOptions()
    options.keepsHiddenBits = header.keepsHiddenBits
    let kind = header.kind
    coders = (0..<max(1, threads)).map { _ in BlockCoder(code, kind, options: options) }
  }

  /// A block's body.
  private struct Block {
    let contents: BlockContents
    let key: UInt64
    let checksum: UInt32
    let coded: ArraySlice<UInt8>

    init(_ body: [UInt8], _ header: ArchiveHeader) throws {
      var reader = ByteReader(body)
      key = UInt64(try reader.varying(upTo: 1 << 60))
      contents = try BlockContents(&reader, header.tileWidth, header.tileHeight)
      checksum = try reader.number()
      coded = try reader.take(reader.remaining)
    }
  }

  /// What is wrong with a block.
  public struct BlockProblem: Sendable, CustomStringConvertible {
    /// From 0.
    public let block: Int
    /// The rest of a sentence about the block.
    public let reason: String
    /// Numbers of the pictures that have tiles in it, from 0.
    public let pictures: Range<Int>

    public var description: String {
      "block \(block + 1) (\(pictures.count == 1 ? "picture" : "pictures") \(pictures.lowerBound + 1)"
        + (pictures.count > 1 ? " to \(pictures.upperBound)" : "") + ") \(reason)"
    }
  }

  /// Decodes pictures in order. Each thread has a block of its own; of a large picture's blocks, one a thread is held at a time.
  /// - Parameters:
  ///   - range: their numbers.
  ///   - onDamage: is told of a block that cannot be read, and whose pictures are left out; nil to stop there.
  ///   - body: is given each picture with its number, in order.
  /// - Throws: ``CodecError`` for damage, or what `body` throws.
  public func read(
    _ range: Range<Int>, onDamage: ((BlockProblem) throws -> Void)? = nil,
    _ body: (_ number: Int, _ picture: PixelImage) throws -> Void
  ) throws {
    precondition(!coders.isEmpty, "an archive is read with a model: call use(_:threads:)")
    let wanted = index.blocks.indices.filter { block in
      let pictures = self.pictures(of: block)
      return pictures.overlaps(range)
    }
    var assembly = PictureAssembly(header, range)
    for start in stride(from: 0, to: wanted.count, by: coders.count) {
      let wave = Array(wanted[start..<min(wanted.count, start + coders.count)])
      let (coders, file, header, index) = (coders, file, header, index)
      let results = parallel(wave.count) { number in
        Result { try Self.decoded(index.blocks[wave[number]], of: file, header, by: coders[number]) }
      }
      for (block, result) in zip(wave, results) {
        switch result {
        case .success(let decoded): try assembly.add(decoded.contents, decoded.tiles, body)
        case .failure(let damage as Damage):
          let problem = BlockProblem(block: block, reason: damage.reason, pictures: pictures(of: block))
          guard let onDamage else { throw CodecError("\(file.path): \(problem)") }
          try onDamage(problem)
        case .failure(let error): throw error
        }
      }
    }
  }

  private func pictures(of block: Int) -> Range<Int> {
    let place = index.blocks[block]
    var (picture, left) = (place.firstPicture, place.tileCount + place.skippedTiles)
    while picture < index.shapes.count {
      left -= index.shapes[picture].tileCount(header.tileWidth, header.tileHeight)
      picture += 1
      if left <= 0 { break }
    }
    return place.firstPicture..<max(picture, place.firstPicture + 1)
  }

  private static func decoded(
    _ place: BlockPlace, of file: OpenedFile, _ header: ArchiveHeader, by coder: BlockCoder
  ) throws -> (contents: BlockContents, tiles: [Tile]) {
    let block = try Block(body(of: file, .block, at: place.offset), header)
    guard block.contents.firstPicture == place.firstPicture, block.contents.skippedTiles == place.skippedTiles,
      block.contents.tileCount == place.tileCount
    else { throw Damage("is another one than the index says") }
    let sizes = block.contents.pieces(header.tileWidth, header.tileHeight).flatMap { piece in
      piece.tiles.map { tile in
        var size = piece.shape.tile(tile, header.tileWidth, header.tileHeight).size
        if header.keepsPlaces {
          size.place = piece.shape.place(of: tile, picture: piece.picture, header.tileWidth, header.tileHeight)
        }
        return size
      }
    }
    let tiles = try coder.decode(block.coded, sizes: sizes, key: block.key)
    guard checksum(of: tiles.flatMap(\.pixels)) == block.checksum else { throw Damage("has decoded to other pixels") }
    return (block.contents, tiles)
  }
}

/// Puts pictures together from the tiles of blocks, in order.
private struct PictureAssembly {
  private let header: ArchiveHeader
  private let range: Range<Int>
  private var current: (number: Int, shape: PictureShape, pixels: [UInt8], missing: Int)?

  init(_ header: ArchiveHeader, _ range: Range<Int>) { (self.header, self.range) = (header, range) }

  mutating func add(
    _ contents: BlockContents, _ tiles: [Tile], _ body: (Int, PixelImage) throws -> Void
  ) throws {
    let (width, height, channels) = (header.tileWidth, header.tileHeight, header.channels)
    var next = 0
    for piece in contents.pieces(width, height) {
      defer { next += piece.tiles.count }
      guard range.contains(piece.picture) else { continue }
      if current?.number != piece.picture {
        current = (piece.picture, piece.shape, [], piece.shape.tileCount(width, height))
      }
      for (number, tile) in zip(piece.tiles, tiles[next...]) {
        let place = piece.shape.tile(number, width, height)
        // Memory is taken as tiles come, not on the word of a shape.
        let known = (place.top + tile.height) * piece.shape.width * channels - current!.pixels.count
        if known > 0 { current!.pixels += [UInt8](repeating: 0, count: known) }
        for y in 0..<tile.height {
          let target = ((place.top + y) * piece.shape.width + place.left) * channels
          let row = tile.width * channels
          current!.pixels.replaceSubrange(target..<target + row, with: tile.pixels[y * row..<(y + 1) * row])
        }
      }
      current!.missing -= piece.tiles.count
      guard current!.missing == 0, let whole = current else { continue }
      current = nil
      guard whole.pixels.count == whole.shape.width * whole.shape.height * channels else { continue }
      let picture = PixelImage(
        width: whole.shape.width, height: whole.shape.height, channels: channels, pixels: whole.pixels)
      try body(whole.number, whole.shape.isGray && channels > 1 ? picture.converted(toChannels: 1) : picture)
    }
  }
}
