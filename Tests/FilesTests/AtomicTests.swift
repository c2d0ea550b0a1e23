import Files
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func appearsWhenCommitted() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.txt")
      try Data("old".utf8).write(to: url)
      let file = try AtomicFile(url, durable: true)
      try file.append(Data("ne".utf8))
      try file.append(Data("w".utf8))
      #expect(try String(contentsOf: url, encoding: .utf8) == "old")
      #expect(file.temporary.pathExtension == "txt")
      try file.commit()
      #expect(try String(contentsOf: url, encoding: .utf8) == "new")
      #expect(try names(in: folder) == ["a.txt"])
    }
  }

  @Test func leavesNothingWhenLetGo() throws {
    try withTemporaryFolder { folder in
      do {
        let file = try AtomicFile(folder.appending(path: "a"))
        try file.append(Data("half".utf8))
      }
      #expect(try names(in: folder) == [])
    }
  }

  @Test func saysWhatTheSystemSays() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: POSIXError.self) { try AtomicFile(folder.appending(path: "none/a")) }
      #expect(error?.systemReason == "No such file or directory")
      // A folder cannot be replaced by a file.
      try FileManager.default.createDirectory(at: folder.appending(path: "b"), withIntermediateDirectories: true)
      #expect(throws: POSIXError.self) { try AtomicFile.store(Data(), at: folder.appending(path: "b")) }
      #expect(try names(in: folder) == ["b"])
    }
  }
}

@Suite struct AtomicStreamTests {
  /// A pipe, and by the same rule a device, is written to and stays.
  @Test func pipesAreWrittenTo() throws {
    try withTemporaryFolder { folder in
      let pipe = folder.appending(path: "pipe")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      let reader = open(pipe.path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      try AtomicFile.store(Data("through".utf8), at: pipe, durable: true)
      var bytes = [UInt8](repeating: 0, count: 16)
      #expect(read(reader, &bytes, 16) == 7 && String(decoding: bytes.prefix(7), as: UTF8.self) == "through")
      var info = stat()
      #expect(stat(pipe.path, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO)
      // A folder does not take its place.
      #expect(throws: POSIXError.self) { try AtomicFolder.write(to: pipe) { _ in } }
      #expect(stat(pipe.path, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO)
    }
  }
}

@Suite struct AtomicFolderTests {
  private func write(_ text: String, to url: URL) throws {
    try AtomicFolder.write(to: url) { part in
      try FileManager.default.createDirectory(
        at: part.appending(path: "inner"), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: part.appending(path: "inner/text"))
    }
  }

  private func text(in url: URL) throws -> String {
    try String(contentsOf: url.appending(path: "inner/text"), encoding: .utf8)
  }

  private func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func appearsAndIsReplaced() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "report")
      for text in ["first", "second"] {
        try write(text, to: url)
        #expect(try self.text(in: url) == text)
        #expect(try names(in: folder) == ["report"])
      }
    }
  }

  @Test func keepsTheOldOneWhereTheNewOneFails() throws {
    struct Failure: Error {}
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "report")
      try write("old", to: url)
      #expect(throws: Failure.self) {
        try AtomicFolder.write(to: url) { part in
          try Data("half".utf8).write(to: part.appending(path: "text"))
          throw Failure()
        }
      }
      #expect(try text(in: url) == "old" && names(in: folder) == ["report"])
    }
  }

  @Test func leavesAFolderThatIsNotToBeReplaced() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "report")
      func write(_ text: String) throws {
        try AtomicFolder.write(to: url, replacing: false) { try Data(text.utf8).write(to: $0.appending(path: "text")) }
      }
      try write("first")
      #expect(throws: POSIXError(.ENOTEMPTY)) { try write("second") }
      #expect(try String(contentsOf: url.appending(path: "text"), encoding: .utf8) == "first")
      #expect(try names(in: folder) == ["report"])
    }
  }

  /// What a process leaves that is killed between the two renames, where two names cannot be exchanged.
  @Test func bringsBackWhatWasMovedAside() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "report")
      try write("old", to: url)
      try FileManager.default.moveItem(at: url, to: AtomicFolder.replaced(url))
      try AtomicFolder.restore(url)
      #expect(try text(in: url) == "old" && names(in: folder) == ["report"])
      try FileManager.default.copyItem(at: url, to: AtomicFolder.replaced(url))
      try write("new", to: url)
      #expect(try text(in: url) == "new" && names(in: folder) == ["report"])
    }
  }

  /// A reader that looks again and again, while the folder is replaced, always finds all of one.
  @Test func isThereAtEveryMoment() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "report")
      try write("0", to: url)
      let isDone = Flag()
      let missing = Flag()
      let thread = Thread {
        while !isDone.isSet {
          if !FileManager.default.fileExists(atPath: url.path) { missing.set() }
        }
        isDone.acknowledge()
      }
      thread.start()
      for number in 1...50 { try write("\(number)", to: url) }
      isDone.set()
      isDone.waitForAcknowledgement()
      #expect(!missing.isSet)
      #expect(try text(in: url) == "50")
    }
  }
}

private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private let acknowledged = DispatchSemaphore(value: 0)
  private var value = false

  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
  func acknowledge() { acknowledged.signal() }
  func waitForAcknowledgement() { acknowledged.wait() }
}

@Suite struct JSONFileTests {
  struct Settings: Codable, Equatable {
    struct Part: Codable, Equatable { var rate: Double }
    var count: Int
    var parts: [Part]
  }

  private func problem(_ json: String) -> String {
    do {
      _ = try JSONFile.decode(Settings.self, from: Data(json.utf8))
      return "none"
    } catch { return error.description }
  }

  @Test func namesTheField() {
    #expect(problem(#"{"count": 1, "parts": [{"rate": 1}]}"#) == "none")
    #expect(problem(#"{"parts": []}"#) == "field count is missing")
    #expect(problem(#"{"count": 1, "parts": [{"rate": 1}, {}]}"#) == "field parts[1].rate is missing")
    #expect(problem(#"{"count": "1", "parts": []}"#).hasPrefix("field count has the wrong type"))
    #expect(problem(#"{"count": 1,"#).hasPrefix("not valid JSON"))
    #expect(problem(#"{"count": 1e30, "parts": []}"#).contains("number"))
  }

  @Test func writesWhatIsNotFinite() throws {
    let value = Settings(count: 1, parts: [.init(rate: .infinity)])
    let data = try JSONFile.line(value)
    #expect(String(decoding: data, as: UTF8.self) == #"{"count":1,"parts":[{"rate":"inf"}]}"#)
    #expect(try JSONFile.decode(Settings.self, from: data, JSONFile.decoder) == value)
  }
}
