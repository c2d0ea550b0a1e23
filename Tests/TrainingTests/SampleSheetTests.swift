import Flows
import FlowModels
import Imaging
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct SampleSheetTests {
  @Test(arguments: [[], ["a", "b"]]) func ofGlow(classNames: [String]) throws {
    try Runtime.setThreadCount(1)
    let model = try Small.randomModel(Small.model(classNames: classNames))
    let sheet = try model.sampleSheet(columns: 3, rows: 2, seed: 7)
    #expect((sheet.width, sheet.height, sheet.channels) == (3 * 6 + 2, 2 * 6 + 2, 1))
    #expect(try model.sampleSheet(columns: 3, rows: 2, seed: 7).pixels == sheet.pixels)
    #expect(try model.sampleSheet(columns: 3, rows: 2, seed: 8).pixels != sheet.pixels)
  }

  @Test func imagesThatAreNoPicturesAnyMore() throws {
    let model = try Small.randomModel(Small.model())
    // 16 values an image: one in a hundred is any.
    var values = [Float](repeating: 0.5, count: 5 * 16)
    (values[16], values[32], values[48], values[79]) = (-1.01, .nan, 1, .infinity)
    #expect(try model.strayed(Tensor(values, shape: [5, 4, 4, 1])) == [false, true, true, false, true])
  }
}
