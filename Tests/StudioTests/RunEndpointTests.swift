import Foundation
import Imaging
import Runs
import TestSupport
import Testing
import Training

@testable import Studio

/// What is told of training runs.
@Suite(.serialized) struct RunEndpointTests {
  private func line(_ images: Int) -> Metrics {
    Metrics(
      images: images, step: images / 10, seconds: 1, trainBitsPerDimension: 4, gradientNorm: .nan, learningRate: 1e-3,
      imagesPerSecond: 50)
  }

  private func withRun(_ body: (URL, RunFolder) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "runs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = RunFolder(folder.appending(path: "faces/first"))
    try run.makeFolders()
    for images in [100, 200] { try run.append(line(images)) }
    try Data("{\"level\":\"info\",\"message\":\"begun\"}\nnot json\n".utf8).write(to: run.logFile)
    try await body(folder, run)
  }

  @Test func aRunThatHasEnded() async throws {
    try await withRun { folder, run in
      try await RunningServer.with(runs: folder) { server in
        let runs = try #require(try await server.send("GET", "/v1/runs").json["runs"] as? [[String: Any]])
        #expect(
          runs.count == 1 && runs[0]["id"] as? String == "faces~1first" && runs[0]["run"] as? String == "faces/first")
        #expect(runs[0]["images"] as? Int == 200 && runs[0]["hasSamples"] as? Bool == false)
        let answer = try await server.send("GET", "/v1/runs/faces~1first/metrics")
        #expect(answer.headers["content-type"] == "text/event-stream")
        let events = ServerSentEvent.all(in: answer.text)
        #expect(events.map(\.name) == ["summary", "metrics", "metrics", "log", "end"])
        #expect(events[1].data["images"] as? Int == 100 && events[1].data["gradientNorm"] as? String == "nan")
        #expect(events[3].data["message"] as? String == "begun")
        server.expectProblem(try await server.send("GET", "/v1/runs/faces~1first/samples"), 404, "samples")
        try run.writeSamples([1, 2, 3])
        #expect(try await Array(server.send("GET", "/v1/runs/faces~1first/samples").body) == [1, 2, 3])
        // One that cannot be read does not hide the others.
        let damaged = RunFolder(folder.appending(path: "a~b"))
        try damaged.makeFolders()
        try Data("nothing\n".utf8).write(to: damaged.metricsFile)
        let both = try #require(try await server.send("GET", "/v1/runs").json["runs"] as? [[String: Any]])
        #expect(both.map { $0["id"] as? String } == ["a~0b", "faces~1first"])
        #expect(
          both[0]["state"] as? String == "unreadable" && (both[0]["error"] as? String)?.contains("line 1") == true)
        #expect(try await server.send("GET", "/v1/runs/a~0b/metrics").status == 200)
        for id in ["second", "faces", "faces~1first~1..", "..", "%2e%2e"] {
          #expect(try await server.send("GET", "/v1/runs/\(id)/metrics").status == 404, "\(id)")
        }
      }
    }
  }

  @Test func aRunThatIsBeingTrained() async throws {
    try await withRun { folder, run in
      let lock = try RunLock(run)
      let clock = ContinuousClock()
      var end = clock.now
      try await RunningServer.with(runs: folder) { server in
        let stream = try RawConnection(port: server.port)
        stream.write("GET /v1/runs/faces~1first/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(stream.read(until: "begun").contains("\"images\":200"))
        try run.append(line(300))
        #expect(stream.read(until: "\"images\":300").contains("event: metrics"))
        end = clock.now
      }
      // The stream does not keep the server from ending, which waits for twenty seconds otherwise.
      #expect(clock.now - end < .seconds(15))
      withExtendedLifetime(lock) {}
    }
  }

  @Test func linesThatFollow() throws {
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "lines")
      var tail = LineTail(file)
      func lines() -> [String] { tail.newLines().map { String(decoding: $0, as: UTF8.self) } }
      #expect(lines().isEmpty)
      func append(_ text: String) throws {
        if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
      }
      try append("one\ntwo\nth")
      #expect(lines() == ["one", "two"])
      try append("ree\n")
      #expect(lines() == ["three"])
      #expect(lines().isEmpty)
      // After a roll-back the file is another.
      try Data("one\nother\n".utf8).write(to: file, options: .atomic)
      #expect(lines() == ["one", "other"])
    }
  }

  /// Samples over a run's time, as its files for TensorBoard hold them, less what was rolled back.
  @Test func theFilmOfARun() async throws {
    try await withRun { folder, run in
      func samples(_ brightness: UInt8) -> PixelImage {
        PixelImage(width: 2, height: 2, channels: 1, pixels: [0, brightness, brightness, 0])
      }
      let first = try RunEvents(run)
      for (images, brightness) in [(100, 10), (200, 20), (300, 30)] {
        try first.append(line(images), samples: samples(UInt8(brightness)))
      }
      try first.append(line(350))
      let second = try RunEvents(run, after: 200)
      try second.append(line(300), samples: samples(33))
      // A last record that was not written to its end.
      let handle = try FileHandle(forWritingTo: second.url)
      try handle.seekToEnd()
      try handle.write(contentsOf: [200, 0, 0, 0, 0, 0, 0, 0, 1, 2])
      try handle.close()
      try await RunningServer.with(runs: folder) { server in
        func frames(_ query: String) async throws -> [(Int, PixelImage)] {
          let answer = try await server.send("GET", "/v1/runs/faces~1first/film\(query)")
          return try #require(answer.json["frames"] as? [[String: Any]], "\(answer.text)").map {
            let png = try #require(Data(base64Encoded: $0["image"] as? String ?? ""))
            return ($0["images"] as! Int, try PixelImage(decoding: Array(png), name: "frame"))
          }
        }
        let all = try await frames("")
        #expect(all.map(\.0) == [100, 200, 300] && all.map(\.1) == [samples(10), samples(20), samples(33)])
        #expect(try await frames("?count=2").map(\.0) == [100, 300])
        #expect(try await frames("?count=1").map(\.0) == [300])
        server.expectProblem(try await server.send("GET", "/v1/runs/faces~1first/film?count=0"), 400, "from 1 to 100")
        server.expectProblem(try await server.send("GET", "/v1/runs/faces~1first/film?counts=1"), 400, "counts")
      }
    }
  }
}
