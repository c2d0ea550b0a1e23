import CCodec
import FlowModels

/// Codes blocks of tiles, each by itself. Belongs to one thread.
final class BlockCoder {
  let code: FlowCode
  let coder: FlowCoder
  let options: BlockOptions
  let mosaic: Mosaic
  let kind: ConditionKind

  var blueprint: FlowBlueprint { code.blueprint }
  private var hiddenBits: Int { 8 - blueprint.bits }

  /// - Parameter kind: of what the model is told.
  init(_ code: FlowCode, _ kind: ConditionKind, options: BlockOptions) {
    self.code = code
    self.kind = kind
    self.options = options
    coder = FlowCoder(code)
    mosaic = Mosaic(
      tileWidth: code.blueprint.width, tileHeight: code.blueprint.height, channels: code.blueprint.channels)
  }

  // MARK: Encoding

  /// - Parameters:
  ///   - conditions: one a tile.
  ///   - key: of the block's pseudo-random words.
  /// - Returns: the block's bytes, as ``decode(_:sizes:key:)`` takes them.
  func encode(_ tiles: [Tile], _ conditions: [PictureCondition], key: UInt64) -> (bytes: [UInt8], costs: BlockCosts) {
    let padded = tiles.map { $0.padded(width: blueprint.width, height: blueprint.height, channels: blueprint.channels) }
    let raw = tiles.map { 8 * Double($0.size.storedBytes(channels: blueprint.channels)) }
    var modes = [TileMode](repeating: .flow, count: tiles.count)
    let trial = options.isSeeded || options.isMixed ? trial(tiles, padded, conditions) : Trial()
    if options.isSeeded { for tile in seeds(by: trial, of: padded.count) { modes[tile] = .classical } }
    var best = attempt(tiles, padded, conditions, &modes, raw, key)
    // A short chain costs what it begins with, which no tile by itself shows.
    let isShort = tiles.count <= options.trialTiles
    if options.isMixed, isShort || best.costs.tiles(.raw) > 0 || trial.classicalShare > options.mixingShare {
      for other in alternatives(tiles, padded, best, raw, trial) {
        var modes = other
        let found = attempt(tiles, padded, conditions, &modes, raw, key)
        if found.bytes.count < best.bytes.count { best = found }
      }
    }
    if 8 * Double(best.bytes.count) > raw.reduce(0, +) {
      var modes = [TileMode](repeating: .raw, count: tiles.count)
      let found = attempt(tiles, padded, conditions, &modes, raw, key)
      if found.bytes.count < best.bytes.count { best = found }
    }
    return (best.bytes, best.costs)
  }

  func effort(of tiles: [Int]) -> ClassicalEffort {
    options.effort(pixels: tiles.count * blueprint.width * blueprint.height)
  }

  struct Attempt {
    var bytes: [UInt8]
    var costs: BlockCosts
    /// Bits that each tile took by the flow; nil for others.
    var flow: [Double?]
  }

  /// Codes a block by the modes asked for; tiles that the flow cannot have, or has dearer than they are raw, become raw.
  func attempt(
    _ tiles: [Tile], _ padded: [[UInt8]], _ conditions: [PictureCondition], _ modes: inout [TileMode], _ raw: [Double],
    _ key: UInt64
  ) -> Attempt {
    let classical = tiles.indices.filter { modes[$0] == .classical }
    var stream: [UInt8] = []
    if !classical.isEmpty {
      if let found = mosaicStream(of: classical, tiles, padded, effort(of: classical)) {
        stream = found
      } else {
        for tile in classical { modes[tile] = .raw }
      }
    }
    let stack = SymbolStack(seed: scrambled(stream, key), key: key)
    var flow = [Double?](repeating: nil, count: tiles.count)
    for tile in tiles.indices.reversed() where modes[tile] == .flow {
      let before = stack.bits
      if push(padded[tile], conditions[tile], onto: stack, atMost: raw[tile]) {
        flow[tile] = stack.bits - before
      } else {
        modes[tile] = .raw
      }
    }
    let hasChain = modes.contains(.flow)
    var writer = ByteWriter()
    append(modes, to: &writer)
    writer.append(varying: stream.count)
    if hasChain {
      let words = stack.words
      writer.append(varying: stack.drawnCount)
      writer.append(varying: words.count)
      for word in words { writer.append(word) }
    } else {
      writer.append(stream)
    }
    for tile in tiles.indices where modes[tile] == .raw {
      writer.append(tiles[tile].stored(channels: blueprint.channels))
    }
    let inMosaic = 8 * Double(stream.count) / Double(max(1, modes.count { $0 == .classical }))
    let costs = BlockCosts(
      modes: modes, bits: tiles.indices.map { flow[$0] ?? (modes[$0] == .raw ? raw[$0] : inMosaic) })
    return Attempt(bytes: writer.bytes, costs: costs, flow: flow)
  }

  func push(
    _ tile: [UInt8], _ condition: PictureCondition, onto stack: SymbolStack, atMost bits: Double
  ) -> Bool {
    coder.tell(condition.values(kind))
    let values = hiddenBits == 0 ? tile : tile.map { $0 >> UInt8(hiddenBits) }
    guard coder.encode(values, onto: stack, atMost: bits) else { return false }
    if options.keepsHiddenBits, hiddenBits > 0 {
      let base = UInt64(1) << UInt64(hiddenBits)
      for value in tile { stack.push(UInt64(value) & (base - 1), base: base) }
    }
    kind.push(condition, onto: stack)
    return true
  }

  // MARK: Decoding

  /// - Parameter sizes: of the block's tiles.
  /// - Throws: ``Damage``.
  func decode(_ bytes: ArraySlice<UInt8>, sizes: [TileSize], key: UInt64) throws -> [Tile] {
    var reader = ByteReader(bytes)
    let modes = try readModes(&reader, count: sizes.count)
    let streamBytes = try reader.varying(upTo: reader.remaining * 2)
    var tiles = [Tile?](repeating: nil, count: sizes.count)
    func keep(_ padded: [UInt8], at tile: Int) {
      tiles[tile] = Tile(sizes[tile], from: padded, paddedWidth: blueprint.width, channels: blueprint.channels)
    }
    var stream: [UInt8]
    if modes.contains(.flow) {
      let drawn = try reader.varying(upTo: reader.remaining * 2 + 64 * code.imageSize)
      let count = try reader.varying(upTo: reader.remaining / 2)
      let bytes = Array(try reader.take(2 * count))
      let words = (0..<count).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
      guard let stack = SymbolStack(words: words, key: key) else { throw Damage("holds no chain") }
      for tile in sizes.indices where modes[tile] == .flow { keep(try pop(from: stack), at: tile) }
      guard let seed = stack.seed(drawn: drawn, count: (streamBytes + 1) / 2) else {
        throw Damage("holds a chain that does not end where it began")
      }
      stream = unscrambled(seed, streamBytes, key)
    } else {
      stream = Array(try reader.take(streamBytes))
    }
    let classical = sizes.indices.filter { modes[$0] == .classical }
    if !classical.isEmpty {
      for (tile, padded) in zip(classical, try mosaic.decode(stream, places: classical.map { sizes[$0].place })) {
        keep(padded, at: tile)
      }
    }
    for tile in sizes.indices where modes[tile] == .raw {
      let stored = try reader.take(sizes[tile].storedBytes(channels: blueprint.channels))
      tiles[tile] = Tile(sizes[tile], stored: stored, channels: blueprint.channels)
    }
    guard reader.remaining == 0 else { throw Damage("has \(reader.remaining) bytes too many") }
    return tiles.map { $0! }
  }

  private func pop(from stack: SymbolStack) throws -> [UInt8] {
    coder.tell(kind.pop(from: stack).values(kind))
    var hidden: [UInt8] = []
    if options.keepsHiddenBits, hiddenBits > 0 {
      hidden = (0..<code.imageSize).map { _ in UInt8(stack.pop(base: 1 << UInt64(hiddenBits))) }
    }
    var values = [UInt8](repeating: 0, count: code.imageSize)
    guard coder.decode(&values, from: stack), stack.drawnCount == 0 else { throw Damage("holds words of no picture") }
    guard hiddenBits > 0 else { return values }
    let middle = UInt8(1 << (hiddenBits - 1))
    return values.enumerated().map { place, value in
      value << UInt8(hiddenBits) + (hidden.isEmpty ? middle : hidden[hidden.count - 1 - place])
    }
  }

  // MARK: Parts

  /// A mosaic's bytes as words that look like random ones.
  private func scrambled(_ stream: [UInt8], _ key: UInt64) -> [UInt16] {
    (0..<(stream.count + 1) / 2).map { place in
      let high = 2 * place + 1 < stream.count ? UInt16(stream[2 * place + 1]) << 8 : 0
      return (UInt16(stream[2 * place]) | high) ^ cc_random_word(~key, UInt64(place))
    }
  }

  private func unscrambled(_ words: [UInt16], _ count: Int, _ key: UInt64) -> [UInt8] {
    let bytes = words.enumerated().flatMap { place, word in
      let clear = word ^ cc_random_word(~key, UInt64(place))
      return [UInt8(clear & 0xff), UInt8(clear >> 8)]
    }
    return Array(bytes.prefix(count))
  }

  /// Runs of tiles of one mode: the mode, and how many.
  private func append(_ modes: [TileMode], to writer: inout ByteWriter) {
    var start = 0
    while start < modes.count {
      var end = start
      while end < modes.count, modes[end] == modes[start] { end += 1 }
      writer.append(CollectionOfOne(modes[start].rawValue))
      writer.append(varying: end - start)
      start = end
    }
  }

  private func readModes(_ reader: inout ByteReader, count: Int) throws -> [TileMode] {
    var modes: [TileMode] = []
    while modes.count < count {
      guard let mode = TileMode(rawValue: try reader.number(UInt8.self)) else {
        throw Damage("names a mode that is none")
      }
      let run = try reader.varying(upTo: count - modes.count)
      guard run > 0 else { throw Damage("has an empty run") }
      modes += [TileMode](repeating: mode, count: run)
    }
    return modes
  }
}

/// How blocks are coded.
struct BlockOptions: Sendable {
  /// Of the classical codecs, 1 to 9.
  var effort = 7
  /// Whether some tiles, in a mosaic, feed the chain.
  var isSeeded = true
  /// Whether tiles that are cheaper in a mosaic are coded there.
  var isMixed = true
  /// Tiles that are tried first, by the flow and in a mosaic.
  var trialTiles = 64
  /// A mosaic is tried on all tiles where it has more than so many of the first cheaper.
  var mixingShare = 0.05
  /// Whether a model of fewer than 8 bits has the others stored beside what it codes.
  var keepsHiddenBits = false

  /// Small mosaics get all there is: it takes no time.
  func effort(pixels: Int) -> ClassicalEffort {
    pixels <= 1 << 14 ? .best : ClassicalEffort(webP: effort, jpegXL: effort)
  }
}

/// What a block's bytes are made of.
struct BlockCosts: Sendable {
  /// Of each tile, as the next.
  var modes: [TileMode]
  /// A mosaic's are shared evenly.
  var bits: [Double]

  func tiles(_ mode: TileMode) -> Int { modes.count { $0 == mode } }
}
