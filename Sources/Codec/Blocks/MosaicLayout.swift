/// Where the tiles of a mosaic lie. Tiles of one picture lie as they do there, if they fill at least half of the rectangle that they
/// span; others lie one by one. All are put on shelves in their order, and the mosaic is about square.
struct MosaicLayout {
  /// In cells.
  private(set) var columns = 1
  private(set) var rows = 0
  /// Of each tile.
  private(set) var cells: [(column: Int, row: Int)]

  /// Tiles that stay together.
  private struct Group {
    var tiles: [Int]
    var places: [TilePlace?]

    var left: Int { places.compactMap { $0?.column }.min() ?? 0 }
    var top: Int { places.compactMap { $0?.row }.min() ?? 0 }
    var columns: Int { (places.compactMap { $0?.column }.max() ?? 0) - left + 1 }
    var rows: Int { (places.compactMap { $0?.row }.max() ?? 0) - top + 1 }

    func isWhole(mostColumns: Int) -> Bool { 2 * tiles.count >= columns * rows && columns <= mostColumns }
  }

  /// - Parameter places: of the tiles, where they are of larger pictures.
  init(_ places: [TilePlace?], tileWidth: Int, tileHeight: Int) {
    let mostColumns = max(1, ClassicalCodec.mostSide / tileWidth)
    let groups = Self.groups(places, mostColumns)
    let area = groups.map { $0.columns * $0.rows }.reduce(0, +)
    let widest = groups.map(\.columns).max() ?? 1
    while columns < mostColumns, columns < widest || columns * columns * tileWidth < area * tileHeight { columns += 1 }
    cells = [(column: Int, row: Int)](repeating: (0, 0), count: places.count)
    var (column, shelf, shelfRows) = (0, 0, 0)
    for group in groups {
      if column + group.columns > columns { (column, shelf, shelfRows) = (0, shelf + shelfRows, 0) }
      let (left, top) = (group.left, group.top)
      for (tile, place) in zip(group.tiles, group.places) {
        cells[tile] = (column + (place.map { $0.column - left } ?? 0), shelf + (place.map { $0.row - top } ?? 0))
      }
      column += group.columns
      shelfRows = max(shelfRows, group.rows)
    }
    rows = shelf + shelfRows
  }

  private static func groups(_ places: [TilePlace?], _ mostColumns: Int) -> [Group] {
    var (groups, ofPicture) = ([Group](), [Int: Int]())
    for (tile, place) in places.enumerated() {
      if let place, let group = ofPicture[place.picture] {
        groups[group].tiles.append(tile)
        groups[group].places.append(place)
      } else {
        if let place { ofPicture[place.picture] = groups.count }
        groups.append(Group(tiles: [tile], places: [place]))
      }
    }
    return groups.flatMap { group in
      group.isWhole(mostColumns: mostColumns) ? [group] : group.tiles.map { Group(tiles: [$0], places: [nil]) }
    }
  }
}

/// Where a tile lies in a picture of several.
struct TilePlace: Hashable, Sendable {
  /// Its number in the archive.
  var picture: Int
  var column: Int
  var row: Int
}
