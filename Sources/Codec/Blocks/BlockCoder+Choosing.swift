/// Which tiles go by the model, and which in the mosaic.
extension BlockCoder {
  /// What some tiles cost by the flow and in a mosaic.
  struct Trial {
    var tiles: [Int] = []
    /// In bits, as the next.
    var flow: [Double] = []
    var classical: [Double] = []
    /// What a chain of them took before it gave anything back.
    var needed = 0.0

    /// The share of the tiles that are cheaper in a mosaic.
    var classicalShare: Double {
      tiles.isEmpty ? 0 : Double(zip(flow, classical).count { $0 > $1 }) / Double(tiles.count)
    }
  }

  func trial(_ tiles: [Tile], _ padded: [[UInt8]], _ conditions: [PictureCondition]) -> Trial {
    var trial = Trial()
    let stack = SymbolStack(key: 0)
    trial.tiles = tried(tiles)
    for tile in trial.tiles {
      let before = stack.bits
      let isCoded = push(padded[tile], conditions[tile], onto: stack, atMost: .infinity)
      trial.flow.append(isCoded ? stack.bits - before : .infinity)
    }
    trial.needed = 16 * Double(stack.drawnCount)
    trial.classical = classicalBits(of: trial.tiles, tiles, padded, .quickMosaic)
    return trial
  }

  /// Tiles from everywhere; of larger pictures, neighbors.
  private func tried(_ tiles: [Tile]) -> [Int] {
    let count = min(tiles.count, options.trialTiles)
    if tiles.contains(where: { $0.place != nil }) {
      let start = (tiles.count - count) / 2
      return Array(start..<start + count)
    }
    return Array(stride(from: 0, to: tiles.count, by: max(1, tiles.count / max(1, count))).prefix(count))
  }

  /// What each of some tiles costs in a mosaic of them, about: what it costs alone, of the same sum as the mosaic.
  private func classicalBits(
    of chosen: [Int], _ tiles: [Tile], _ padded: [[UInt8]], _ effort: ClassicalEffort
  ) -> [Double] {
    guard !chosen.isEmpty, let whole = mosaicStream(of: chosen, tiles, padded, effort) else {
      return chosen.map { _ in .infinity }
    }
    let alone = chosen.map { tile in
      mosaicStream(of: [tile], tiles, padded, .quick).map { 8 * Double($0.count) } ?? .infinity
    }
    let share = min(1, 8 * Double(whole.count) / alone.reduce(0, +))
    return alone.map { $0 * share }
  }

  /// Tiles in a mosaic.
  func mosaicStream(of chosen: [Int], _ tiles: [Tile], _ padded: [[UInt8]], _ effort: ClassicalEffort) -> [UInt8]? {
    mosaic.encode(
      chosen.map { padded[$0] }, places: chosen.map { tiles[$0].place },
      isGray: chosen.allSatisfy { tiles[$0].isGray }, effort)
  }

  /// Tiles that a chain takes its first bits from, in a mosaic: those that lose least by it, as many as hold what it needs, and no
  /// more than an eighth of the block.
  func seeds(by trial: Trial, of count: Int) -> [Int] {
    func loss(_ place: Int) -> Double { 1 - trial.flow[place] / trial.classical[place] }
    let order = trial.tiles.indices.sorted { (loss($0), $0) < (loss($1), $1) }
    var (seeds, bits) = ([Int](), 0.0)
    for place in order where bits < trial.needed && seeds.count < count / 8 && trial.classical[place].isFinite {
      seeds.append(trial.tiles[place])
      bits += trial.classical[place]
    }
    return seeds
  }

  /// Other modes to try: each tile as it is cheapest by itself, and all in the mosaic.
  func alternatives(
    _ tiles: [Tile], _ padded: [[UInt8]], _ first: Attempt, _ raw: [Double], _ trial: Trial
  ) -> [[TileMode]] {
    let all = Array(tiles.indices)
    let classical = classicalBits(of: all, tiles, padded, effort(of: all))
    let tried = Dictionary(uniqueKeysWithValues: zip(trial.tiles, trial.flow))
    let cheapest = all.map { tile -> TileMode in
      let flow = first.flow[tile] ?? tried[tile] ?? .infinity
      return classical[tile] < min(flow, raw[tile]) ? .classical : flow < raw[tile] ? .flow : .raw
    }
    return [cheapest, [TileMode](repeating: .classical, count: tiles.count)]
  }
}
