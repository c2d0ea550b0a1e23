import Foundation
import Runs
import TestSupport
import Testing

@testable import Training

@Suite(.serialized) struct RunFolderTests {
  @Test func metrics() throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder)
      #expect(try run.metrics().isEmpty)
      try Small.trainer(in: folder).fit()
      let lines = try run.metrics()
      #expect(lines.last?.images == 64 && lines.last?.validationBitsPerDimension != nil)

      let file = folder.appending(path: "metrics.jsonl")
      let whole = try Data(contentsOf: file)
      try (whole + Data("{\"images\": 7".utf8)).write(to: file)
      #expect(try run.metrics().count == lines.count, "a line that was cut off")
      try (Data("{}\n".utf8) + whole).write(to: file)
      let error = try #require(throws: TrainingError.self) { try run.metrics() }
      #expect("\(error)".contains("\(file.path): line 1 is no line of metrics"))
    }
  }
}
