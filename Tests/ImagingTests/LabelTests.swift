import Imaging
import Testing

@Suite struct LabelTests {
  private let cells = (0..<6).map { PixelImage(width: 30, height: 12, channels: 1, filledWith: UInt8($0 * 20)) }

  /// The pixels of a part, 1 where it is dark.
  private func drawing(_ image: PixelImage, _ left: Int, _ top: Int, _ width: Int, _ height: Int) -> [String] {
    (top..<top + height).map { y in
      (left..<left + width).map { image[x: $0, y: y].first! == 0 ? "#" : "." }.joined()
    }
  }

  @Test func withoutTextsItIsAGrid() {
    let plain = PixelImage.grid(cells, columns: 3, scale: 2)
    #expect(PixelImage.labeledGrid(cells, columns: 3, scale: 2) == plain)
    #expect(PixelImage.labeledGrid(cells, columns: 3, rowLabels: ["", ""], columnLabels: [""], scale: 2) == plain)
  }

  @Test func textsStandBesideRowsAndAboveColumns() {
    let grid = PixelImage.labeledGrid(cells, columns: 3, rowLabels: ["1", "17"], columnLabels: ["L", "", "t"])
    let plain = PixelImage.grid(cells, columns: 3)
    // Two letters and a margin of 2; seven rows and a margin of 2.
    #expect(grid.width == plain.width + 13 && grid.height == plain.height + 9)
    #expect(grid[x: 13 + 2, y: 9 + 2].first == 0 && grid[x: 13 + 2 + 32, y: 9 + 2 + 14].first == 80)
    #expect(
      drawing(grid, 1, 9 + 2 + 14 + 2, 11, 7) == [
        "..#...#####", ".##.......#", "..#......#.", "..#.....#..", "..#.....#..", "..#.....#..", ".###....#..",
      ])
    #expect(
      drawing(grid, 7, 9 + 2 + 2, 5, 7) == ["..#..", ".##..", "..#..", "..#..", "..#..", "..#..", ".###."])
    #expect(
      drawing(grid, 13 + 2 + 12, 1, 5, 7) == ["#....", "#....", "#....", "#....", "#....", "#....", "#####"])
    #expect(
      drawing(grid, 13 + 2 + 64 + 12, 1, 5, 7) == ["#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."])
  }

  @Test func longTextsAreCutAndOddOnesDrawn() {
    let grid = PixelImage.labeledGrid(cells, columns: 3, columnLabels: ["far too long a text", "é~\u{1F600}"])
    #expect(grid.width == PixelImage.grid(cells, columns: 3).width)
    // Nothing is drawn in the gap between the first two columns.
    #expect(drawing(grid, 32, 0, 2, 9).allSatisfy { $0 == ".." })
  }
}
