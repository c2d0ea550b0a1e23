import Files
import FlowModels
import Foundation
import Imaging

/// Writes pictures into one file, each tile by the model, by WebP or JPEG XL, or as it is, whichever is smallest.
///
/// ```swift
/// let code = try FlowCode(glow.blueprint())
/// let writer = try ArchiveWriter(to: URL(filePath: "clothes.glz"), code, modelName: "mine")
/// try writer.append(picture, named: "a.png")
/// print(try writer.finish().bytes)
/// ```
public final class ArchiveWriter {
  private let file: AtomicFile
  private let options: ArchiveOptions
  private let code: FlowCode
  private let model: [UInt8]?
  private var header: ArchiveHeader
  private var coders: [BlockCoder]
  private var index = ArchiveIndex()
  private var names: [String] = []
  private var offset = 0
  /// Of what has been written so far.
  public private(set) var summary = ArchiveSummary()
  /// Of each picture, what has been written of it so far.
  public private(set) var costs: [PictureCost] = []
  /// Tiles that are not in a block yet, with the pictures that they are of.
  private var tiles: [Tile] = []
  private var conditions: [PictureCondition] = []
  private var pending: [(shape: PictureShape, tiles: Int)] = []
  /// Of the first pending picture, tiles that are in blocks already.
  private var skipped = 0
  private var firstPending = 0

  /// - Parameters:
  ///   - kind: of what the model is told of each picture.
  ///   - modelName: what it is called here, for people.
  ///   - model: the model's files, to put them into the archive; nil to leave it out.
  /// - Throws: what the system says where the file cannot be written.
  public init(
    to url: URL, _ code: FlowCode, told kind: ConditionKind = .none, modelName: String, embedding model: [UInt8]? = nil,
    options: ArchiveOptions = ArchiveOptions()
  ) throws {
    self.options = options
    self.code = code
    self.model = model
    coders = (0..<max(1, options.threads)).map { _ in BlockCoder(code, kind, options: options.block) }
    header = ArchiveHeader(
      tileWidth: code.blueprint.width, tileHeight: code.blueprint.height, channels: code.blueprint.channels,
      bits: code.blueprint.bits, grid: code.grid, kind: kind, keepsHiddenBits: options.block.keepsHiddenBits,
      model: ModelIdentity(of: code), modelName: modelName)
    file = try AtomicFile(url)
  }

  /// What comes before the blocks.
  private func begin() throws {
    guard offset == 0 else { return }
    try write(header.bytes)
    guard let model else { return }
    index.modelOffset = offset
    try write(ArchivePart.model.framed(model))
  }

  private func write(_ bytes: [UInt8]) throws {
    try file.append(bytes)
    offset += bytes.count
  }

  /// - Parameters:
  ///   - picture: gray, or of the model's channels.
  ///   - name: a path below a folder; nil for none, of all pictures or of no one.
  ///   - condition: what the model is told of it.
  /// - Throws: ``CodecError`` for a picture that the model cannot have.
  public func append(_ picture: PixelImage, named name: String? = nil, told condition: PictureCondition = .none) throws
  {
    let channels = header.channels
    guard picture.channels == channels || (picture.channels == 1 && channels == 3) else {
      throw CodecError(
        "the picture has \(counted(picture.channels, "channel")), and the model is of \(counted(channels, "channel"))")
    }
    guard header.kind.takes(condition) else { throw CodecError("the picture needs \(needed)") }
    if let name {
      guard NameList.isSafe(name) else { throw CodecError("\(name) is no path below a folder") }
      names.append(name)
    }
    let shape = PictureShape(width: picture.width, height: picture.height, isGray: picture.channels < channels)
    let full = picture.channels < channels ? picture.converted(toChannels: channels) : picture
    guard header.bits == 8 || header.keepsHiddenBits || full.pixels.allSatisfy(isWhole) else {
      throw CodecError(
        "the picture has values of 8 bits, and the model knows \(header.bits): store the others beside it, or take a "
          + "model of 8 bits")
    }
    index.shapes.append(shape)
    let count = shape.tileCount(header.tileWidth, header.tileHeight)
    pending.append((shape, count))
    summary.pictures += 1
    summary.rawBytes += picture.pixels.count
    costs.append(PictureCost(pixels: picture.pixels.count))
    for number in 0..<count {
      // Whether more comes after a block is known only now, so that the number of threads changes nothing.
      if tiles.count == options.blockTiles * coders.count { try flush() }
      let place = shape.tile(number, header.tileWidth, header.tileHeight)
      tiles.append(Tile(of: full, left: place.left, top: place.top, place.size))
      tiles[tiles.count - 1].place = shape.place(
        of: number, picture: index.shapes.count - 1, header.tileWidth, header.tileHeight)
      conditions.append(condition)
    }
  }

  private var needed: String {
    switch header.kind {
    case .none: "no label, and no attributes: the model is told nothing"
    case .labels(let count): "one of the model's \(count) labels"
    case .attributes(let count): "what is known of the model's \(count) attributes"
    }
  }

  /// Whether a value of 8 bits is one that the model's values show.
  private func isWhole(_ value: UInt8) -> Bool {
    let hidden = 8 - header.bits
    return Int(value) & (1 << hidden - 1) == 1 << (hidden - 1)
  }

  /// Codes what has come, a block a thread.
  private func flush() throws {
    try begin()
    let size = options.blockTiles
    let starts = Array(stride(from: 0, to: tiles.count, by: size))
    let (tiles, conditions, coders, options) = (tiles, conditions, coders, options)
    let first = summary.tiles
    let results = parallel(starts.count) { number -> Result<(bytes: [UInt8], costs: BlockCosts), any Error> in
      Result {
        let range = starts[number]..<min(tiles.count, starts[number] + size)
        let own = Array(tiles[range])
        let key = UInt64(first + range.lowerBound)
        let coded = coders[number].encode(own, Array(conditions[range]), key: key)
        if options.verifies {
          guard (try? coders[number].decode(coded.bytes[...], sizes: own.map(\.size), key: key)) == own else {
            throw CodecError("a block does not decode to what was encoded: this machine or this program is faulty")
          }
        }
        return coded
      }
    }
    for (number, result) in results.enumerated() {
      let range = starts[number]..<min(tiles.count, starts[number] + size)
      let coded = try result.get()
      let contents = takeContents(range.count)
      var body = ByteWriter()
      body.append(varying: first + range.lowerBound)
      contents.append(to: &body)
      body.append(checksum(of: tiles[range].flatMap(\.pixels)))
      body.append(coded.bytes)
      let framed = ArchivePart.block.framed(body.bytes)
      index.blocks.append(
        BlockPlace(
          offset: offset, byteCount: framed.count, firstPicture: contents.firstPicture,
          skippedTiles: contents.skippedTiles, tileCount: range.count))
      try write(framed)
      summary.add(coded.costs, bytes: framed.count)
      add(coded.costs, of: contents)
      summary.blockPixels += tiles[range].map { $0.size.storedBytes(channels: header.channels) }.reduce(0, +)
    }
    self.tiles.removeAll(keepingCapacity: true)
    self.conditions.removeAll(keepingCapacity: true)
  }

  private func add(_ block: BlockCosts, of contents: BlockContents) {
    var next = 0
    for piece in contents.pieces(header.tileWidth, header.tileHeight) {
      for tile in next..<next + piece.tiles.count {
        costs[piece.picture].bits += block.bits[tile]
        costs[piece.picture].modes.insert(block.modes[tile])
      }
      next += piece.tiles.count
    }
  }

  /// A short chain may be smaller on a coarser grid: it needs fewer bits to begin with.
  private func chooseGrid() throws {
    guard index.blocks.isEmpty, tiles.count <= min(options.blockTiles, options.shortChain),
      let coarse = try? FlowCode(code.blueprint, grid: .coarse)
    else { return }
    let kind = header.kind
    let other = coders.map { _ in BlockCoder(coarse, kind, options: options.block) }
    let sizes = [coders[0], other[0]].map { $0.encode(tiles, conditions, key: 0).bytes.count }
    guard sizes[1] < sizes[0] else { return }
    coders = other
    header.grid = coarse.grid
    header.model = ModelIdentity(of: coarse)
  }

  /// The pictures of the next tiles, which leave the list of those that are pending.
  private func takeContents(_ count: Int) -> BlockContents {
    var contents = BlockContents(
      firstPicture: firstPending, skippedTiles: skipped, tileCount: count, shapes: PictureShapes())
    var left = count
    while left > 0 {
      contents.shapes.append(pending[0].shape)
      let rest = pending[0].tiles - skipped
      if left < rest {
        skipped += left
        left = 0
      } else {
        left -= rest
        skipped = 0
        firstPending += 1
        pending.removeFirst()
      }
    }
    return contents
  }

  /// Writes what is left, the names and the index, and gives the file its name.
  /// - Throws: what the system says.
  public func finish() throws -> ArchiveSummary {
    try chooseGrid()
    try flush()
    if !names.isEmpty {
      guard names.count == index.shapes.count else { throw CodecError("some pictures have names and others do not") }
      index.namesOffset = offset
      try write(ArchivePart.names.framed(NameList.packed(names)))
      summary.nameBytes = offset - index.namesOffset
    }
    let place = offset
    try write(ArchivePart.index.framed(index.bytes))
    try write(index.footer(at: place))
    try file.commit()
    summary.bytes = offset
    return summary
  }
}

/// How archives are written.
public struct ArchiveOptions: Sendable {
  /// Tiles of a block: what is read at once, and what is lost where a byte is damaged.
  public var blockTiles = 512
  /// Threads that code, each a block of its own; the archive's bytes do not depend on it.
  public var threads = 1
  /// Whether each block is decoded and compared before it is written.
  public var verifies = true
  var block = BlockOptions()
  /// The most tiles of an archive for which a coarser grid is tried.
  var shortChain = 512

  /// Blocks of 512 tiles, verified, by one thread.
  public init() {}

  /// Of the classical codecs, 1 (fast) to 9 (small).
  public var effort: Int {
    get { block.effort }
    set { block.effort = newValue }
  }

  /// Whether a model of fewer than 8 bits has the others stored beside what it codes.
  public var keepsHiddenBits: Bool {
    get { block.keepsHiddenBits }
    set { block.keepsHiddenBits = newValue }
  }
}

/// What a picture takes in an archive.
public struct PictureCost: Sendable {
  /// Channels of all pixels.
  let pixels: Int
  /// Tiles in a mosaic share its bits evenly. What a chain begins with is not counted.
  public internal(set) var bits = 0.0
  var modes: Set<TileMode> = []

  /// Bits per value of the picture's pixels.
  public var bitsPerDimension: Double { bits / Double(pixels) }
  /// How its tiles are coded: `model`, `mosaic` or `raw`, or several.
  public var kinds: [String] { modes.sorted { $0.rawValue < $1.rawValue }.map(\.name) }

  init(pixels: Int) { self.pixels = pixels }
}

/// What an archive is made of.
public struct ArchiveSummary: Sendable {
  /// Pictures that were given.
  public internal(set) var pictures = 0
  /// Bytes of all pixels.
  public internal(set) var rawBytes = 0
  /// Bytes of the file.
  public internal(set) var bytes = 0
  /// Blocks that were written.
  public internal(set) var blocks = 0
  /// Bytes of the blocks, with their frames.
  public internal(set) var blockBytes = 0
  /// Bytes of the pixels in them.
  public internal(set) var blockPixels = 0
  /// Bytes of the pictures' names, with their frame; 0 without names.
  public internal(set) var nameBytes = 0
  /// Tiles in the blocks.
  public internal(set) var tiles = 0
  /// Tiles that the model codes.
  public internal(set) var flowTiles = 0
  /// Tiles in mosaics, by WebP or JPEG XL.
  public internal(set) var classicalTiles = 0
  /// Tiles that are stored as they are.
  public internal(set) var rawTiles = 0
  /// Bits that the flow's tiles took, without what a chain needs to begin with.
  public internal(set) var flowBits = 0.0

  /// Bits of the file per value of all pixels.
  public var bitsPerDimension: Double { 8 * Double(bytes) / Double(max(1, rawBytes)) }

  mutating func add(_ costs: BlockCosts, bytes: Int) {
    blocks += 1
    blockBytes += bytes
    tiles += costs.modes.count
    flowTiles += costs.tiles(.flow)
    classicalTiles += costs.tiles(.classical)
    rawTiles += costs.tiles(.raw)
    for (mode, bits) in zip(costs.modes, costs.bits) where mode == .flow { flowBits += bits }
  }
}

extension Tile {
  init(of picture: PixelImage, left: Int, top: Int, _ size: TileSize) {
    (width, height, isGray) = (size.width, size.height, size.isGray)
    if left == 0, size.width == picture.width {
      let row = picture.width * picture.channels
      pixels = Array(picture.pixels[top * row..<(top + size.height) * row])
    } else {
      pixels = (top..<top + size.height).flatMap { y in
        let start = (y * picture.width + left) * picture.channels
        return picture.pixels[start..<start + size.width * picture.channels]
      }
    }
  }
}

/// Runs `body` for 0 ..< count, each on a thread of its own.
func parallel<Result: Sendable>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
  withoutActuallyEscaping(body) { body in
    let body = UncheckedSendable(body)
    return [Result](unsafeUninitializedCapacity: count) { buffer, filled in
      let place = UncheckedSendable(buffer.baseAddress)
      DispatchQueue.concurrentPerform(iterations: count) { number in
        place.value.map { ($0 + number).initialize(to: body.value(number)) }
      }
      filled = count
    }
  }
}

private struct UncheckedSendable<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}
