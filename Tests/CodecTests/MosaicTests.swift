import TestSupport
import Testing

@testable import Codec

/// Tiles come back from mosaics of every shape, by both codecs.
@Suite struct MosaicTests {
  private func tiles(_ count: Int, _ mosaic: Mosaic, isGray: Bool) -> [[UInt8]] {
    var random = SplitMix(11)
    return (0..<count).map { number in
      (0..<mosaic.tileWidth * mosaic.tileHeight).flatMap { place -> [UInt8] in
        let value = UInt8((7 * place + 31 * number) % 256)
        return (0..<mosaic.channels).map { _ in isGray ? value : .random(in: .min ... .max, using: &random) }
      }
    }
  }

  /// Of pictures of so many columns and rows.
  private func places(_ pictures: [(columns: Int, rows: Int)]) -> [TilePlace?] {
    pictures.enumerated().flatMap { number, picture -> [TilePlace?] in
      guard picture.columns * picture.rows > 1 else { return [nil] }
      return (0..<picture.columns * picture.rows).map {
        TilePlace(picture: number, column: $0 % picture.columns, row: $0 / picture.columns)
      }
    }
  }

  private static let efforts = [ClassicalEffort(webP: 3), ClassicalEffort(jpegXL: 3), .quickMosaic]

  @Test(arguments: [1, 3]) func tilesComeBack(channels: Int) throws {
    let mosaic = Mosaic(tileWidth: 5, tileHeight: 4, channels: channels)
    for shapes in [[(1, 1)], [(3, 2)], [(1, 1), (4, 1), (2, 3), (1, 1), (1, 7)], [(1, 60), (30, 1)]] {
      let places = places(shapes)
      for effort in Self.efforts {
        for isGray in [false, true] {
          let tiles = tiles(places.count, mosaic, isGray: isGray || channels == 1)
          let stream = try #require(
            mosaic.encode(tiles, places: places, isGray: isGray || channels == 1, effort))
          #expect(try mosaic.decode(stream, places: places) == tiles, "\(shapes), \(effort), gray \(isGray)")
        }
      }
    }
  }

  /// Without places, tiles lie in rows, as archives of version 1.0 have them.
  @Test func loneTiles() {
    for count in [1, 2, 5, 16, 17, 60] {
      let layout = MosaicLayout([TilePlace?](repeating: nil, count: count), tileWidth: 8, tileHeight: 8)
      let columns = Int(Double(count).squareRoot().rounded(.up))
      #expect(layout.columns == columns && layout.rows == (count + columns - 1) / columns)
      for (number, cell) in layout.cells.enumerated() {
        #expect(cell == (number % columns, number / columns))
      }
    }
  }

  /// A picture's tiles lie as they do there, where at least half of what they span is theirs.
  @Test func picturesLieTogether() {
    let all = places([(1, 1), (3, 2), (1, 1)])
    let whole = MosaicLayout(all, tileWidth: 8, tileHeight: 8)
    let first = whole.cells[1]
    for (place, cell) in zip(all[1..<7], whole.cells[1..<7]) {
      #expect(cell == (first.column + place!.column, first.row + place!.row))
    }
    let cells = Set(whole.cells.map { [$0.column, $0.row] })
    #expect(cells.count == 8, "no two tiles in one cell")
    // Two corners of a large picture.
    let corners = [TilePlace(picture: 0, column: 0, row: 0), TilePlace(picture: 0, column: 99, row: 99)]
    let apart = MosaicLayout(corners, tileWidth: 8, tileHeight: 8)
    #expect(apart.columns * apart.rows <= 2)
    // Wider than a WebP can be.
    let wide = (0..<3000).map { TilePlace(picture: 0, column: $0, row: 0) }
    let folded = MosaicLayout(wide, tileWidth: 8, tileHeight: 8)
    #expect(
      folded.columns * 8 <= ClassicalCodec.mostSide && Set(folded.cells.map { [$0.column, $0.row] }).count == 3000)
  }

  /// Pictures of a few pixels, by all the effort there is: libjxl's highest efforts would end the process.
  @Test func tinyPictures() throws {
    var random = SplitMix(17)
    for number in 0..<400 {
      let mosaic = Mosaic(tileWidth: 1 + number % 9, tileHeight: 1 + number / 9 % 9, channels: number % 2 == 0 ? 1 : 3)
      let range = UInt8.random(in: 0...255, using: &random)
      let tile = (0..<mosaic.tileWidth * mosaic.tileHeight * mosaic.channels).map { _ in
        UInt8.random(in: 0...range, using: &random)
      }
      let effort = ClassicalEffort(jpegXL: 9)
      let stream = try #require(mosaic.encode([tile], places: [nil], isGray: mosaic.channels == 1, effort))
      #expect(try mosaic.decode(stream, places: [nil]) == [tile])
    }
  }

  /// As tiny ones: groups of libjxl's that are of one color, or of a few pixels.
  @Test(arguments: [(290, 281, 1), (515, 518, 1), (515, 518, 3), (40, 24, 3)]) func uniformGroups(
    width: Int, height: Int, channels: Int
  ) throws {
    let mosaic = Mosaic(tileWidth: width, tileHeight: height, channels: channels)
    var random = SplitMix(23)
    for isPartlyVaried in [false, true] {
      let tile = (0..<width * height * channels).map { place in
        isPartlyVaried && place / (width * channels) < 256 ? UInt8.random(in: 0...40, using: &random) : 77
      }
      let stream = try #require(
        mosaic.encode([tile], places: [nil], isGray: channels == 1, ClassicalEffort(jpegXL: 9)))
      #expect(try mosaic.decode(stream, places: [nil]) == [tile])
    }
  }

  @Test func moreEffortIsSmaller() throws {
    let mosaic = Mosaic(tileWidth: 64, tileHeight: 48, channels: 3)
    let tile = (0..<64 * 48 * 3).map { UInt8(truncatingIfNeeded: ($0 / 3 % 64 * 5) ^ ($0 / 192 * 3) + $0 % 3 * 40) }
    let sizes = try [7, 9].map { effort in
      let stream = try #require(mosaic.encode([tile], places: [nil], isGray: false, ClassicalEffort(jpegXL: effort)))
      #expect(try mosaic.decode(stream, places: [nil]) == [tile])
      return stream.count
    }
    #expect(sizes[1] < sizes[0])
  }

  /// What is cut, changed or of another size is refused, or is another picture; it takes no memory for what it says.
  @Test func damage() throws {
    let mosaic = Mosaic(tileWidth: 6, tileHeight: 6, channels: 3)
    let tiles = tiles(4, mosaic, isGray: false)
    let places = [TilePlace?](repeating: nil, count: 4)
    for effort in Self.efforts {
      let stream = try #require(mosaic.encode(tiles, places: places, isGray: false, effort))
      for end in stride(from: 0, to: stream.count, by: 31) {
        #expect(throws: Damage.self) { try mosaic.decode(Array(stream[..<end]), places: places) }
      }
      #expect(throws: Damage.self) { try mosaic.decode(stream, places: places + [nil]) }
      for place in stride(from: 0, to: stream.count, by: 29) {
        var damaged = stream
        damaged[place] ^= 0x55
        let found = try? mosaic.decode(damaged, places: places)
        #expect(found.map { $0.count == 4 } ?? true)
      }
    }
  }
}
