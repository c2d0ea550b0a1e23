import FlowModels
import Foundation
import InMemoryLogging
import Logging
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

/// A trainer in a program of one's own.
@Suite(.serialized) struct LibraryUseTests {
  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func theRunFolderIsThatOfTheCommandLine() throws {
    try withTemporaryFolder { folder in
      try Small.trainer(in: folder).fit()
      let names = try names(folder)
      for name in ["checkpoints", "layers.jsonl", "log.jsonl", "metrics.jsonl", "samples.png"] {
        #expect(names.contains(name), "\(names)")
      }
      let lines = try String(contentsOf: RunFolder(folder).logFile, encoding: .utf8).split(separator: "\n")
      struct Line: Decodable { let message: String }
      let said = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).message }
      #expect(said.first == "training" && said.contains("checkpoint written") && said.last == "finished")
    }
  }

  @Test func aLoggerIsToldBesideTheFile() throws {
    try withTemporaryFolder { folder in
      let told = InMemoryLogHandler()
      let trainer = try Small.trainer(in: folder)
      trainer.logger = Logger(label: "mine") { _ in told }
      try trainer.fit()
      let lines = try String(contentsOf: RunFolder(folder).logFile, encoding: .utf8).split(separator: "\n")
      #expect(told.entries.count == lines.count && told.entries.last.map { "\($0.message)" } == "finished")
      #expect(Logger.standardError().logLevel == .notice && Logger.standardError(from: .info).logLevel == .info)
    }
  }

  @Test func anExportHasTheModelItsImagesAndACard() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(in: folder.appending(path: "run"))
      try trainer.fit()
      let model = folder.appending(path: "models/small")
      #expect(try ModelFolder.export(trainer.run.checkpoints.last!, to: model, license: "mit"))
      #expect(try names(model) == ["README.md", "config.json", "data.json", "model.safetensors"])
      #expect(try ModelFolder.read(model).fingerprint() == trainer.model.fingerprint())
      #expect(try TrainedImages(ofModel: model)?.counts?.train == 20)
      try Data("mine".utf8).write(to: model.appending(path: "README.md"))
      #expect(try !ModelFolder.export(trainer.run.checkpoints.last!, to: model))
      #expect(try String(contentsOf: model.appending(path: "README.md"), encoding: .utf8) == "mine")
    }
  }

  @Test func anExportThatCannotBeCompletedLeavesNothing() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(in: folder.appending(path: "run"))
      try trainer.fit()
      let file = folder.appending(path: "file")
      try Data().write(to: file)
      let error = try #require(throws: ModelError.self) {
        try ModelFolder.export(trainer.run.checkpoints.last!, to: file.appending(path: "model"))
      }
      #expect("\(error)".contains("\(file.path)/model: cannot be created: "), "\(error)")
      #expect(try names(folder) == ["file", "run"])
    }
  }

  @Test func aModelIsWrittenWhereThereIsNoFolderYet() throws {
    try withTemporaryFolder { folder in
      let glow = try Glow(Small.model(), seed: 1)
      let model = folder.appending(path: "a/b")
      try ModelFolder.write(glow, to: model)
      #expect(try ModelFolder.read(model).fingerprint() == glow.fingerprint())
    }
  }
}
