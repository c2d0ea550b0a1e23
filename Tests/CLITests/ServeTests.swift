import Foundation
import FoundationNetworking
import Imaging
import Testing

/// `glow serve` as a process: how it starts, is used and ends. What it answers: StudioTests.
@Suite(.serialized) struct ServeTests {
  /// A running `glow serve` on a free port.
  private final class Server: @unchecked Sendable {
    let process: Process
    let address: URL
    let errors: URL
    private let folder: TemporaryFolder

    init(_ arguments: [String]) throws {
      folder = try TemporaryFolder()
      process = GlowBinary.process(["serve", "--port", "0", "--runs", folder.path("runs")] + arguments)
      errors = folder.url.appending(path: "err")
      try Data().write(to: errors)
      let output = Pipe()
      process.standardOutput = output
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
      var text = ""
      while !text.contains("\n") {
        let data = output.fileHandleForReading.availableData
        if data.isEmpty { break }
        text += String(decoding: data, as: UTF8.self)
      }
      guard let line = text.split(separator: "\n").first, line.hasPrefix("Studio: "),
        let address = URL(string: String(line.dropFirst("Studio: ".count)))
      else {
        throw Failure(text: "no address in \(text): \(try String(contentsOf: errors, encoding: .utf8))")
      }
      self.address = address
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    func get(_ path: String, token: String? = nil) async throws -> (status: Int, json: [String: Any]) {
      var request = URLRequest(url: URL(string: path, relativeTo: address)!.absoluteURL)
      if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
      return try await send(request)
    }

    func text(_ path: String) async throws -> String {
      String(decoding: try await URLSession.shared.data(from: URL(string: path, relativeTo: address)!).0, as: UTF8.self)
    }

    func post(_ path: String, _ json: String) async throws -> (status: Int, json: [String: Any]) {
      var request = URLRequest(url: URL(string: path, relativeTo: address)!.absoluteURL)
      request.httpMethod = "POST"
      request.httpBody = Data(json.utf8)
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
      return try await send(request)
    }

    private func send(_ request: URLRequest) async throws -> (status: Int, json: [String: Any]) {
      let (data, response) = try await URLSession.shared.data(for: request)
      let json = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
      return ((response as! HTTPURLResponse).statusCode, json ?? [:])
    }

    /// Sends a signal and waits for the end.
    func end(_ signal: Int32) throws -> Int32 {
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
      return process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    }
  }

  @Test(arguments: [SIGINT, SIGTERM]) func whatIsUnderWayIsFinished(signal: Int32) async throws {
    let run = try TrainedRun.labeled()
    let server = try Server([
      "--model", run.run.path, "--data", run.data, "--batch-wait", "2000", "--reference-limit", "0",
    ])
    async let answer = server.post("/v1/sample", #"{"count": 2}"#)
    while try await !server.text("/metrics").contains("glow_images_waiting 2.0") {
      try await Task.sleep(for: .milliseconds(20))
    }
    let status = try server.end(signal)
    #expect(try await answer.status == 200)
    #expect(status == 0)
    // Which checkpoint it serves, and nothing else.
    let said = try String(contentsOf: server.errors, encoding: .utf8).split(separator: "\n")
    #expect(
      said.count <= 1 && said.allSatisfy { $0.hasPrefix("Note: ") && $0.contains("checkpoint images-") }, "\(said)")
  }

  /// As every verb does: libgomp's threads would take the cores from others while they wait.
  @Test func itsThreadsSpinLittleUnlessToldOtherwise() async throws {
    let run = try TrainedRun.labeled()
    let server = try Server(["--model", run.run.path, "--data", run.data, "--reference-limit", "0"])
    let environment = try String(
      decoding: Data(contentsOf: URL(filePath: "/proc/\(server.process.processIdentifier)/environ")), as: UTF8.self)
    #expect(environment.split(separator: "\0").contains("GOMP_SPINCOUNT=1000"))
    #expect(try server.end(SIGTERM) == 0)
  }

  /// Whatever is under way, the end has its bound.
  @Test func theWorstRequestsDoNotHoldTheEndUp() async throws {
    let run = try TrainedRun.labeled()
    let server = try Server([
      "--model", run.run.path, "--data", run.data, "--reference-limit", "0", "--pixel-limit", "200000000",
      "--time-limit", "3600", "--body-limit", "20MB",
    ])
    let nested = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(try await server.post("/v1/sample", nested).status == 400)
    let side = 13_000
    let large = Data(try PixelImage(width: side, height: side, channels: 1, filledWith: 9).encodePNG())
    let json = "{\"images\": [{\"data\": \"\(large.base64EncodedString())\"}]}"
    let requests = (0..<8).map { number in
      Task {
        try? await server.post(number % 2 == 0 ? "/v1/score" : "/v1/sample", number % 2 == 0 ? json : nested).status
      }
    }
    let sockets = (0..<50).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    defer { for socket in sockets { close(socket) } }
    for socket in sockets { connectToThisMachine(socket, port: server.address.port!) }
    try await Task.sleep(for: .milliseconds(500))
    let start = ContinuousClock.now
    // In a session of its own, which does not wait for the other requests.
    let health = server.address.appending(path: "healthz")
    let session = URLSession(configuration: .ephemeral)
    #expect(try await (session.data(from: health).1 as? HTTPURLResponse)?.statusCode == 200)
    #expect(ContinuousClock.now - start < .seconds(5))
    // It waits for twenty seconds for what is under way.
    #expect(try server.end(SIGTERM) == 0)
    #expect(ContinuousClock.now - start < .seconds(40))
    for request in requests { _ = await request.value }
  }

  private func connectToThisMachine(_ socket: Int32, port: Int) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// Without --model all that there is is served: the first in memory, the others when they are asked for.
  @Test func allModelsThatThereAre() async throws {
    let (labeled, masked) = (try TrainedRun.labeled(), try TrainedRun.maskedGlow())
    let runs = labeled.run.deletingLastPathComponent()
    let names = [labeled, masked].map(\.run.lastPathComponent)
    let server = try Server(["--runs", runs.path, "--reference-limit", "0", "--model-memory", "1MB"])
    func models() async throws -> [(name: String, isLoaded: Bool)] {
      try #require(try await server.get("/v1/models").json["models"] as? [[String: Any]])
        .map { ($0["name"] as! String, $0["isLoaded"] as! Bool) }
    }
    let first = try await models()
    #expect(Set(names).isSubset(of: first.map(\.name)) && first.map(\.isLoaded) == first.indices.map { $0 == 0 })
    for name in names {
      let one = try await server.get("/v1/model?model=\(name)")
      #expect(one.status == 200 && one.json["isLoaded"] as? Bool == true, "\(one.json)")
      let card = try #require(one.json["card"] as? [String: Any])
      #expect(card["trainedImages"] as? Int == 320 && card["bytes"] as? Int ?? 0 > 1000)
      #expect(try await server.post("/v1/sample?model=\(name)", #"{"count": 1}"#).status == 200)
    }
    // They do not fit together.
    #expect(try await models().filter(\.isLoaded).count < 1 + names.count)
    #expect(try server.end(SIGTERM) == 0)
  }

  @Test func everyCheckpointOfARun() async throws {
    let run = try TrainedRun.maskedGlow()
    let server = try Server(["--model", run.run.path, "--every-checkpoint", "--reference-limit", "0"])
    let models = try #require(try await server.get("/v1/models").json["models"] as? [[String: Any]])
    let name = run.run.lastPathComponent
    #expect(models.map { $0["name"] as? String } == ["\(name)@images-320", "\(name)@images-160"])
    #expect(try server.end(SIGTERM) == 0)
  }

  @Test func aSocketInPlaceOfAPort() async throws {
    let run = try TrainedRun.labeled()
    let folder = try TemporaryFolder()
    let file = folder.path("glow.sock")
    let server = GlowBinary.process(["serve", "--model", run.run.path, "--socket", file, "--reference-limit", "0"])
    let output = Pipe()
    (server.standardOutput, server.standardError) = (output, FileHandle.nullDevice)
    try server.run()
    #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("Studio: listens on "))
    try expectRefusal(
      ["serve", "--model", run.run.path, "--socket", file, "--reference-limit", "0"], "cannot listen on", "glow.sock")
    server.terminate()
    server.waitUntilExit()
    #expect(server.terminationStatus == 0 && !FileManager.default.fileExists(atPath: file))
  }

  @Test func attributesBesideTheRunAreFound() async throws {
    let run = try TrainedRun.labeled()
    let file = run.run.appending(path: "attributes.safetensors")
    try glow("attributes", "fit", "--model", run.run.path, "--data", run.data, "--out", file.path)
    defer { try? FileManager.default.removeItem(at: file) }
    let server = try Server(["--model", run.run.path, "--data", run.data, "--reference-limit", "4"])
    let model = try #require((try await server.get("/v1/models").json["models"] as? [[String: Any]])?.first)
    #expect((model["attributes"] as? [[String: Any]])?.count == 3)
    #expect(model["name"] as? String == "labeled")
    // Percentiles come when the reference is scored.
    var scored = try await server.post("/v1/score", #"{"images": [{"index": 0}]}"#).json
    for _ in 0..<100 where scored["reference"] == nil {
      try await Task.sleep(for: .milliseconds(50))
      scored = try await server.post("/v1/score", #"{"images": [{"index": 0}]}"#).json
    }
    #expect((scored["scores"] as? [[String: Any]])?.first?["percentile"] is Double)
    #expect(try server.end(SIGTERM) == 0)
    // Directions of another model are no reason not to serve this one.
    let other = try TrainedRun.unlabeled()
    let stale = other.run.appending(path: "attributes.safetensors")
    try FileManager.default.copyItem(at: file, to: stale)
    defer { try? FileManager.default.removeItem(at: stale) }
    let without = try Server(["--model", other.run.path, "--data", other.data, "--reference-limit", "0"])
    let plain = try #require((try await without.get("/v1/models").json["models"] as? [[String: Any]])?.first)
    #expect((plain["attributes"] as? [[String: Any]])?.isEmpty == true)
    #expect(try String(contentsOf: without.errors, encoding: .utf8).contains("those of another model"))
    #expect(try without.end(SIGTERM) == 0)
  }

  @Test func severalModels() async throws {
    let (one, other) = (try TrainedRun.labeled(), try TrainedRun.realNVP())
    let server = try Server([
      "--model", other.run.path, "--model", one.run.appending(path: "checkpoints/images-160").path,
      "--model", one.checkpoint.path, "--model", try TrainedRun.unlabeled().checkpoint.path, "--data", one.data,
      "--reference-limit", "4",
    ])
    let models = try #require(try await server.get("/v1/models").json["models"] as? [[String: Any]])
    #expect(
      models.compactMap { $0["name"] as? String } == [
        "realnvp", "images-160", "labeled/checkpoints/images-320", "unlabeled/checkpoints/images-320",
      ])
    #expect(try await server.post("/v1/sample?model=images-160", #"{"labels": [2]}"#).status == 200)
    #expect(try await server.post("/v1/sample", #"{"labels": [2]}"#).status == 400)
    #expect(try server.end(SIGTERM) == 0)
    for line in try String(contentsOf: server.errors, encoding: .utf8).split(separator: "\n") {
      #expect(line.contains(": checkpoint ") || line.contains("are not those that the model was trained on"))
    }
  }

  @Test func imagesOfEachModel() async throws {
    let (one, other) = (try TrainedRun.labeled(), try TrainedRun.realNVP())
    let server = try Server([
      "--model", one.run.path, "--model", other.run.path, "--data", "labeled=\(one.data)", "--data", "realnvp=/nowhere",
      "--reference-limit", "0",
    ])
    #expect(try await server.get("/v1/data?model=labeled").status == 200)
    #expect(try await server.get("/v1/data?model=realnvp").status == 404)
    #expect(try String(contentsOf: server.errors, encoding: .utf8).contains("no images to choose from for realnvp"))
    #expect(try server.end(SIGTERM) == 0)
  }

  @Test func beyondThisMachineATokenIsMade() async throws {
    let run = try TrainedRun.unlabeled()
    let server = try Server([
      "--model", run.run.path, "--data", run.data, "--host", "0.0.0.0", "--reference-limit", "0",
    ])
    let token = try #require(server.address.fragment?.split(separator: "=").last.map(String.init))
    #expect(token.count >= 16)
    let local = URL(string: "http://127.0.0.1:\(server.address.port!)/v1/models")!.absoluteString
    #expect(try await server.get(local).status == 401)
    #expect(try await server.get(local, token: token).status == 200)
    #expect(try server.end(SIGTERM) == 0)
  }

  @Test func whatCannotBeServed() throws {
    let run = try TrainedRun.unlabeled()
    let serve = ["serve", "--model", run.run.path, "--data", run.data]
    try expectRefusal(["serve", "--model", "nowhere"], "nowhere", "no such model")
    try expectRefusal(serve + ["--attributes", "/nowhere.safetensors"], "/nowhere.safetensors")
    try expectRefusal(["serve", "--model", run.run.path, "--data", "/nowhere"], "/nowhere")
    try expectRefusal(serve + ["--data", run.data], "is for all models", "MODEL=SET", "unlabeled")
    let named = "unlabeled=\(run.data)"
    try expectRefusal(
      ["serve", "--model", run.run.path, "--data", named, "--data", named], "unlabeled has images already")
    try expectRefusal(
      serve + ["--model", run.checkpoint.path + "/"], run.checkpoint.path, run.run.path, "name each once")
    try expectRefusal(
      serve + ["--model", TrainedRun.labeled().run.path, "--attributes", "a.safetensors"], "--attributes", "one --model"
    )
    try expectRefusal(serve + ["--port", "70000"], "--port", "0 to 65535")
    try expectRefusal(serve + ["--batch", "0"], "--batch is 0")
    try expectRefusal(serve + ["--reference-limit", "1"], "--reference-limit")
    try expectRefusal(serve, "GLOW_TOKEN", "16 characters", through: "export GLOW_TOKEN=short;")
    let server = try Server(["--model", run.run.path, "--data", run.data, "--reference-limit", "0"])
    try expectRefusal(serve + ["--port", "\(server.address.port!)"], "cannot listen", "in use", "--port")
  }
}
