import Files
import Foundation
import TestSupport
import Testing

@testable import Runs

@Suite struct RunFolderTests {
  /// Checkpoints are written by a thread of their own, while validation may be writing samples.
  @Test func aCheckpointLeavesFilesThatAreBeingWrittenAlone() throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder)
      try run.create()
      let samples = try AtomicFile(run.samplesFile)
      try samples.append(Data([1, 2, 3]))
      try run.writeCheckpoint(images: 8) { try Data("{}".utf8).write(to: $0.appending(path: "config.json")) }
      try samples.commit()
      #expect(try Data(contentsOf: run.samplesFile) == Data([1, 2, 3]))
    }
  }

  /// What a killed process left is gone when the next one takes the run.
  @Test func unfinishedFilesAreRemoved() throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder)
      try run.create()
      let left = folder.appending(path: ".\(UUID().uuidString).tmp.png")
      try Data([1]).write(to: left)
      run.removeUnfinishedFiles()
      #expect(!FileManager.default.fileExists(atPath: left.path))
      #expect(FileManager.default.fileExists(atPath: run.checkpointsFolder.path))
    }
  }
}
