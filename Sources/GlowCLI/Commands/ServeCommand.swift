import ArgumentParser
import Datasets
import FlowModels
import Foundation
import Inference
import Logging
import NIOCore
import Studio
import Synchronization
import Torch

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve a model: a page in the browser, and an HTTP API.",
    discussion: """
      Prints the address of the page, on which samples are drawn, images edited, mixed and scored, and training is looked \
      at. Programs find the API described at /openapi.json. Ctrl-C finishes what is under way, then ends.

      Only this machine is served unless --host says otherwise; then every request needs a token: that in the environment \
      variable GLOW_TOKEN, else one made up, which is part of the address printed.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Option(help: "A file from glow attributes fit; by default attributes.safetensors in the model's or run's folder.")
  var attributes: String?
  @Option(help: "Images to choose from, as in train; by default what the model was trained on, else fashion-mnist.")
  var data: String?
  @Option(help: "Of --data: train, validation or test.") var split = DatasetSplit.test
  @Option(help: "Score so many images of --data's validation split, for percentiles; 0 for none.")
  var referenceLimit = 500
  @Option(help: "Show the training runs below this folder.") var runs = "runs"

  @Option(help: "The address to listen on; 0.0.0.0 for all of this machine's.") var host = "127.0.0.1"
  @Option(help: "0 for any that is free.") var port = 8080
  @Option(help: "The most images in one pass through the model.") var batchSize = 64
  @Option(help: "How many milliseconds a request waits for others to share a pass with, while the model is idle.")
  var batchWait = 0
  @Option(help: "The most images under way or waiting; requests beyond are answered 429.") var queue = 512
  @Option(help: "The most images that one request draws.") var countLimit = 64
  @Option(help: "The largest body of a request, such as 8MB.") var bodyLimit = ByteCount(bytes: 8_000_000)
  @Option(help: "The most pixels of the pictures that a request brings, together.") var pixelLimit = 25_000_000
  @Option(help: "Seconds that a request may take.") var timeLimit = 30
  @Option(help: "The most connections at a time.") var connections = 256
  @Option(help: "The most of them from one other address; behind a proxy on another machine, as many as --connections.")
  var connectionsPerAddress = 128

  func validate() throws {
    for (name, value, range) in [
      ("--port", port, 0...65535), ("--batch-size", batchSize, 1...4096), ("--batch-wait", batchWait, 0...10_000),
      ("--count-limit", countLimit, 1...4096), ("--queue", queue, countLimit + StudioOptions().imageLimit...1_000_000),
      ("--body-limit", bodyLimit.bytes, 1000...1_000_000_000), ("--pixel-limit", pixelLimit, 1...1_000_000_000),
      ("--time-limit", timeLimit, 1...3600), ("--connections", connections, 1...100_000),
      ("--connections-per-address", connectionsPerAddress, 1...100_000),
    ] where !range.contains(value) {
      throw ValidationError("\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    guard referenceLimit == 0 || referenceLimit >= 2 else {
      throw ValidationError("--reference-limit is \(referenceLimit), expected 0, or 2 or more")
    }
  }

  /// libgomp's threads spin where they wait for each other, which beside other work (a run being trained) takes a hundred
  /// times as long as computing. It reads this when it is loaded: the program begins anew with it.
  private func spinLess() {
    let environment = ProcessInfo.processInfo.environment
    guard environment["GOMP_SPINCOUNT"] == nil, environment["OMP_WAIT_POLICY"] == nil else { return }
    setenv("GOMP_SPINCOUNT", "1000", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }

  func run() async throws {
    spinLess()
    let device = try modelOptions.runtime.start()
    let options = try studioOptions()
    let place = try modelOptions.place()
    let configuration = try ModelFolder.readConfiguration(place.folder)
    let images = try unlessGone { try ModelData(data, for: configuration, at: place) }
    let dataset = try unlessGone { try images?.open(split) }
    let served = try await servedModel(place, on: device)
    var logger = Logger(label: "glow.serve") { _ in StandardErrorLog() }
    logger.logLevel = .warning
    let server = StudioServer(served, options: options, dataset: dataset, runs: URL(filePath: runs), logger: logger)
    let reference = Task { await scoreReference(served, images) }
    let isListening = Mutex(false)
    do {
      try await server.run { port in
        isListening.withLock { $0 = true }
        announce(port, options)
      }
    } catch {
      await end(reference)
      guard !isListening.withLock({ $0 }) else { throw error }
      throw ValidationError(
        "cannot listen on \(host), port \(port): \(reason(error)); name another with --port or --host")
    }
    await end(reference)
  }

  /// Not before libtorch is at rest may the process end.
  private func end(_ task: Task<Void, Never>) async {
    task.cancel()
    await task.value
  }

  private func reason(_ error: any Error) -> String {
    (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "there is no such address"
  }

  private func studioOptions() throws -> StudioOptions {
    var options = StudioOptions()
    options.host = host
    options.port = port
    options.countLimit = countLimit
    options.bodyLimit = bodyLimit.bytes
    options.pixelLimit = pixelLimit
    options.timeLimit = .seconds(timeLimit)
    options.connectionLimit = connections
    options.connectionLimitPerAddress = connectionsPerAddress
    options.token = ProcessInfo.processInfo.environment["GLOW_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    if let token = options.token {
      guard token.utf8.count >= 16, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw ValidationError("GLOW_TOKEN must be 16 characters or more, without spaces: for one, openssl rand -hex 16")
      }
    } else if !options.isLoopback {
      options.token = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    }
    return options
  }

  private func servedModel(_ place: ModelPlace, on device: Device) async throws -> ImageModel {
    let limits = BatchLimits(size: batchSize, wait: .milliseconds(batchWait), queue: queue)
    func load(_ attributes: URL?) async throws -> ImageModel {
      try await ImageModel(
        place.folder.path, called: URL(filePath: place.location).lastPathComponent, attributes: attributes,
        device: device, limits: limits)
    }
    if let attributes { return try await load(URL(filePath: attributes)) }
    // Beside the model, or in the run folder of its checkpoint.
    let folders = [place.folder, place.folder.deletingLastPathComponent().deletingLastPathComponent()]
    let found = folders.map { $0.appending(path: "attributes.safetensors") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
    do { return try await load(found) } catch {
      guard found != nil else { throw error }
      // Most often a run that has been trained further since.
      warn("no attributes to edit: \(error)")
      return try await load(nil)
    }
  }

  /// Nil where nothing was asked for and what the model was trained on is not here.
  private func unlessGone<Images>(_ find: () throws -> Images?) throws -> Images? {
    do { return try find() } catch {
      if data != nil { throw error }
      warn("no images to choose from: \(error)")
      return nil
    }
  }

  private func scoreReference(_ served: ImageModel, _ data: ModelData?) async {
    guard referenceLimit > 0, let data else { return }
    do {
      let images = try data.open(.validation)
      try await served.score(
        reference: images, count: referenceLimit,
        called: "\(images.name):validation")
    } catch is CancellationError {} catch { warn("there will be no percentiles: \(error)") }
  }

  private func announce(_ port: Int, _ options: StudioOptions) {
    let shown = ["0.0.0.0", "::"].contains(host) ? ProcessInfo.processInfo.hostName : host
    let fragment = options.token.map { "#token=\($0)" } ?? ""
    let address = "http://\(shown.contains(":") ? "[\(shown)]" : shown):\(port)/\(fragment)"
    // Not by print, which keeps it back from a pipe.
    FileHandle.standardOutput.write(Data("Studio: \(address)\nCtrl-C ends it.\n".utf8))
  }
}

/// What the server warns of, a line each.
private struct StandardErrorLog: LogHandler {
  var logLevel = Logger.Level.warning
  var metadata = Logger.Metadata()

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let kind = event.level < .error ? "Note" : "Error"
    FileHandle.standardError.write(Data("\(kind): \(event.message)\n".utf8))
  }
}
