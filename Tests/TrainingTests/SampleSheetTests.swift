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
}
