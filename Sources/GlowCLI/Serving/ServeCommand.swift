import ArgumentParser
import Datasets
import Files
import FlowModels
import Foundation
import Inference
import Logging
import NIOCore
import Runs
import Studio
import Synchronization
import Torch

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve models: a page in the browser, and an HTTP API.",
    discussion: """
      Prints the address of the page, on which samples are drawn, images edited, mixed and scored, and training is looked \
      at. Programs find the API described at /openapi.json. Ctrl-C finishes what is under way, then ends.

      --model may be given several times; without it all shipped models are served, and all runs below --runs. The page \
      then has a choice of models, and requests name one, as /v1/sample?model=NAME; those that name none are for the first. \
      The models take turns on one thread. Those that together take more than --model-memory are loaded when they are \
      asked for, and the one that was asked for longest ago makes room.

      Only this machine is served unless --host says otherwise; then every request needs a token: that in the environment \
      variable GLOW_TOKEN, else one made up, which is part of the address printed.

      Examples:
        glow serve
        glow serve --model faces --model runs/first --port 9000
      """)

  @Option(
    name: .customLong("model"),
    help:
      "A run folder, a model folder, or the name of a shipped model; repeat for several; by default all that there are.",
    completion: Completions.model
  )
  var locations: [String] = []
  @Option(
    help: ArgumentHelp(
      "Of runs: newest, best (by validation), or after how many images it was written; by default the newest.",
      valueName: "checkpoint"), completion: .list(["newest", "best"]))
  var checkpoint: CheckpointChoice?
  @Flag(help: "Serve every checkpoint of each --model that is a run, as NAME@images-5000.") var everyCheckpoint = false
  @Option(
    help: ArgumentHelp(
      "What all models may take in memory together, about, such as 4GB; by default a quarter of this machine's.",
      valueName: "size"))
  var modelMemory: ByteCount?
  @OptionGroup var runtime: RuntimeOptions
  @Option(
    help:
      "A file from glow attributes fit, of one --model; by default attributes.safetensors in its or its run's folder.",
    completion: Completions.safetensors)
  var attributes: String?
  @Option(
    help: ArgumentHelp(
      """
      Images to choose from, as in train; MODEL=SET for one of several models, and repeat. By default what the model was \
      trained on, else fashion-mnist.
      """, valueName: "set"), completion: Completions.data)
  var data: [String] = []
  @Option(help: "Of --data: train, validation or test.") var split = DatasetSplit.test
  @Option(help: "Score so many images of --data's validation split, for percentiles; 0 for none.")
  var referenceLimit = 500
  @Option(help: "Show the training runs below this folder.", completion: .directory) var runs = "runs"

  @Option(help: "The address to listen on; 0.0.0.0 for all of this machine's.") var host = "127.0.0.1"
  @Option(help: "The port to listen on; 0 for any that is free.") var port = 8080
  @Option(
    help: ArgumentHelp(
      "A Unix socket to listen on in place of --host and --port; whoever may open the file may use the server. Without it, there is none.",
      valueName: "file"))
  var socket: String?
  @Option(
    help: ArgumentHelp(
      "Another site whose pages may use the API, such as https://example.org; repeat for several. By default none.",
      valueName: "origin")
  )
  var allowOrigin: [String] = []
  @Option(help: "The most images in one pass through the model.") var batch = 64
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
      ("--port", port, 0...65535), ("--batch", batch, 1...4096), ("--batch-wait", batchWait, 0...10_000),
      ("--count-limit", countLimit, 1...4096), ("--queue", queue, countLimit + StudioOptions().imageLimit...1_000_000),
      ("--body-limit", bodyLimit.bytes, 1000...1_000_000_000), ("--pixel-limit", pixelLimit, 1...1_000_000_000),
      ("--time-limit", timeLimit, 1...3600), ("--connections", connections, 1...100_000),
      ("--connections-per-address", connectionsPerAddress, 1...100_000),
    ] where !range.contains(value) {
      throw ValidationError("\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    if let wrong = allowOrigin.first(where: { !Self.isOrigin($0) }) {
      throw ValidationError(
        "--allow-origin is \(wrong), expected a scheme, a host and perhaps a port, such as https://example.org")
    }
    if let socket, socket.utf8.count > Self.longestSocketPath {
      throw ValidationError("--socket has \(socket.utf8.count) bytes, expected at most \(Self.longestSocketPath)")
    }
    guard checkpoint == nil || !everyCheckpoint else {
      throw ValidationError("--checkpoint takes one, and --every-checkpoint all: leave one of them out")
    }
    guard attributes == nil || locations.count == 1 && !everyCheckpoint else {
      throw ValidationError(
        "--attributes is for one --model: of several, each has its own attributes.safetensors in its folder")
    }
    guard referenceLimit == 0 || referenceLimit >= 2 else {
      throw ValidationError("--reference-limit is \(referenceLimit), expected 0, or 2 or more")
    }
  }

  /// Of Linux.
  private static let longestSocketPath = 107

  private static func isOrigin(_ text: String) -> Bool {
    guard let url = URL(string: text), let scheme = url.scheme, let host = url.host() else { return false }
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)\(url.port.map { ":\($0)" } ?? "")" == text
  }

  func run() async throws {
    let device = try runtime.start()
    let options = try studioOptions()
    let served = try servedLocations()
    let images = try ServedImages(served, named: data, split: split)
    let (loaded, sources) = try await modelsAndSources(served, images, on: device)
    var logger = Logger(label: "glow.serve") { _ in StandardErrorLog() }
    logger.logLevel = .warning
    let server = StudioServer(
      loaded[0], loaded: Array(loaded.dropFirst()), sources: sources, memory: memoryLimit, options: options,
      runs: URL(filePath: runs), logger: logger)
    let isListening = Mutex(false)
    do {
      try await server.run { port in
        isListening.withLock { $0 = true }
        announce(port, options)
      }
    } catch {
      guard !isListening.withLock({ $0 }), !(error is MissingFiles) else { throw error }
      if let socket {
        throw ValidationError("cannot listen on \(socket): \(reason(error)); name another file with --socket")
      }
      throw ValidationError(
        "cannot listen on \(host), port \(port): \(reason(error)); name another with --port or --host")
    }
  }

  private func servedLocations() throws -> [ServedLocation] {
    guard locations.isEmpty else {
      return try ServedLocation.all(locations, checkpoint: checkpoint, isEveryCheckpoint: everyCheckpoint)
    }
    let found = try ServedLocation.everything(runs: URL(filePath: runs), isEveryCheckpoint: everyCheckpoint)
    guard !found.isEmpty else {
      throw ValidationError("there is no model here: name one with --model, or train one with glow train")
    }
    return found
  }

  private var memoryLimit: Int { modelMemory?.bytes ?? Int(ProcessInfo.processInfo.physicalMemory / 4) }

  private func reason(_ error: any Error) -> String {
    (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "there is no such address"
  }

  private func studioOptions() throws -> StudioOptions {
    var options = StudioOptions()
    options.host = host
    options.port = port
    options.socket = socket.map { URL(filePath: $0) }
    options.origins = allowOrigin
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

  /// The first model, and of those that were named as many as fit, are loaded at once: what is wrong with them is said now.
  private func modelsAndSources(
    _ locations: [ServedLocation], _ images: ServedImages, on device: Device
  ) async throws -> (loaded: [StudioModel], sources: [StudioModelSource]) {
    let sources = try locations.map { source(of: $0, try $0.card(), images, on: device) }
    var (models, bytes): ([StudioModel], Int) = ([], 0)
    for (location, source) in zip(locations, sources) {
      bytes += source.card.loadedBytes
      guard models.isEmpty || !self.locations.isEmpty && bytes <= memoryLimit else { break }
      models.append(try await load(location, images.of(location), on: device, beside: models.first?.model))
    }
    if models.count < locations.count {
      warn("\(locations.count) models: \(models.count) in memory, and the others when they are asked for")
    }
    return (models, sources)
  }

  private func source(
    of location: ServedLocation, _ card: ModelCard, _ images: ServedImages, on device: Device
  ) -> StudioModelSource {
    StudioModelSource(
      card,
      scoringReference: { model in await scoreReference(model, images.of(location).data, location) },
      load: { neighbor in try await load(location, images.of(location), on: device, beside: neighbor) })
  }

  private func load(
    _ location: ServedLocation, _ images: ServedImages.Found, on device: Device, beside neighbor: ImageModel?
  ) async throws -> StudioModel {
    let limits = BatchLimits(size: batch, wait: .milliseconds(batchWait), queue: queue)
    let model = try await ImageModel(
      location.place.location, from: location.place.folder, attributes: attributes.map { URL(filePath: $0) },
      findsAttributes: true, device: device, limits: limits, sharingThreadOf: neighbor)
    if let problem = model.description.attributesProblem, problem.kind != .none {
      warn("no attributes to edit\(location.mention): \(problem.detail)")
    }
    return StudioModel(model, named: location.name, dataset: images.dataset)
  }

  private func scoreReference(_ model: ImageModel, _ data: ModelData?, _ location: ServedLocation) async {
    guard referenceLimit > 0, let data, !Task.isCancelled else { return }
    do {
      let images = try data.open(.validation)
      try await model.score(reference: images, count: referenceLimit, called: "\(images.name):validation")
    } catch is CancellationError {} catch { warn("there will be no percentiles\(location.mention): \(error)") }
  }

  private func announce(_ port: Int, _ options: StudioOptions) {
    if let socket { return say("Studio: listens on \(socket)") }
    let shown = ["0.0.0.0", "::"].contains(host) ? ProcessInfo.processInfo.hostName : host
    let fragment = options.token.map { "#token=\($0)" } ?? ""
    let address = "http://\(shown.contains(":") ? "[\(shown)]" : shown):\(port)/\(fragment)"
    say("Studio: \(address)")
  }

  /// Not by print, which keeps it back from a pipe.
  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n\(Talk.isQuiet ? "" : "Ctrl-C ends it.\n")".utf8))
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
