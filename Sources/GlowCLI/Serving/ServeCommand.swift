import ArgumentParser
import Datasets
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

      --model may be given several times. The page then has a choice of models, and requests name one, as \
      /v1/sample?model=NAME; those that name none are for the first. The models take turns on one thread.

      Only this machine is served unless --host says otherwise; then every request needs a token: that in the environment \
      variable GLOW_TOKEN, else one made up, which is part of the address printed.
      """)

  @Option(
    name: .customLong("model"),
    help: "A run folder, a model folder, or the name of a shipped model; repeat for several.")
  var locations: [String]
  @Option(
    help: ArgumentHelp(
      "Of runs: newest, best (by validation), or after how many images it was written; by default the newest.",
      valueName: "checkpoint"))
  var checkpoint: CheckpointChoice?
  @OptionGroup var runtime: RuntimeOptions
  @Option(
    help:
      "A file from glow attributes fit, of one --model; by default attributes.safetensors in its or its run's folder.")
  var attributes: String?
  @Option(
    help: ArgumentHelp(
      """
      Images to choose from, as in train; MODEL=SET for one of several models, and repeat. By default what the model was \
      trained on, else fashion-mnist.
      """, valueName: "set"))
  var data: [String] = []
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
    guard attributes == nil || locations.count == 1 else {
      throw ValidationError(
        "--attributes is for one --model: of several, each has its own attributes.safetensors in its folder")
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
    let device = try runtime.start()
    let options = try studioOptions()
    let served = try ServedLocation.all(locations, checkpoint: checkpoint)
    let sources = try images(for: served)
    let models = try await loaded(served, sources.map(\.dataset), on: device)
    var logger = Logger(label: "glow.serve") { _ in StandardErrorLog() }
    logger.logLevel = .warning
    let server = StudioServer(models, options: options, runs: URL(filePath: runs), logger: logger)
    let reference = Task {
      for (index, model) in models.enumerated() {
        await scoreReference(model.model, sources[index].data, served[index])
      }
    }
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

  private func loaded(
    _ locations: [ServedLocation], _ datasets: [(any ImageDataset)?], on device: Device
  ) async throws -> [StudioModel] {
    let limits = BatchLimits(size: batchSize, wait: .milliseconds(batchWait), queue: queue)
    var models: [StudioModel] = []
    for (location, dataset) in zip(locations, datasets) {
      let model = try await ImageModel(
        location.place.location, from: location.place.folder, attributes: attributes.map { URL(filePath: $0) },
        findsAttributes: true, device: device, limits: limits, sharingThreadOf: models.first?.model)
      if let problem = model.description.attributesProblem, problem.kind != .none {
        warn("no attributes to edit\(ofModel(location)): \(problem.detail)")
      }
      models.append(StudioModel(model, named: location.name, dataset: dataset))
    }
    return models
  }

  /// For each model; nil where its images are not here, or do not fit it but another.
  private func images(for locations: [ServedLocation]) throws -> [(data: ModelData?, dataset: (any ImageDataset)?)] {
    let named = try namedData(for: locations)
    let opened = locations.map { location in
      Result {
        let data = try ModelData(named[location.name], for: location.configuration, at: location.place)
        return (data, try data.open(split))
      }
    }
    if !data.isEmpty, opened.allSatisfy({ if case .failure = $0 { true } else { false } }) { _ = try opened[0].get() }
    return zip(locations, opened).map { location, result in
      do { return try result.get() } catch {
        warn("no images to choose from\(ofModel(location)): \(error)")
        return (nil, nil)
      }
    }
  }

  /// What `--data` says, by the name of the model.
  private func namedData(for locations: [ServedLocation]) throws -> [String: String] {
    var (named, ofAll): ([String: String], String?) = ([:], nil)
    for text in data {
      if let sign = text.firstIndex(of: "="), let one = locations.first(where: { $0.name == text[..<sign] }) {
        guard named.updateValue(String(text[text.index(after: sign)...]), forKey: one.name) == nil else {
          throw ValidationError("--data \(text): \(one.name) has images already, name them once")
        }
      } else {
        guard ofAll == nil else {
          throw ValidationError(
            "--data \(text) is for all models, and so is --data \(ofAll!): write MODEL=SET, with MODEL one of "
              + locations.map(\.name).joined(separator: ", "))
        }
        ofAll = text
      }
    }
    return Dictionary(
      uniqueKeysWithValues: locations.compactMap { one in
        (named[one.name] ?? ofAll).map { (one.name, $0) }
      })
  }

  private func scoreReference(_ model: ImageModel, _ data: ModelData?, _ location: ServedLocation) async {
    guard referenceLimit > 0, let data, !Task.isCancelled else { return }
    do {
      let images = try data.open(.validation)
      try await model.score(reference: images, count: referenceLimit, called: "\(images.name):validation")
    } catch is CancellationError {} catch { warn("there will be no percentiles\(ofModel(location)): \(error)") }
  }

  /// Nothing where there is one model.
  private func ofModel(_ location: ServedLocation) -> String { locations.count > 1 ? " for \(location.name)" : "" }

  private func announce(_ port: Int, _ options: StudioOptions) {
    let shown = ["0.0.0.0", "::"].contains(host) ? ProcessInfo.processInfo.hostName : host
    let fragment = options.token.map { "#token=\($0)" } ?? ""
    let address = "http://\(shown.contains(":") ? "[\(shown)]" : shown):\(port)/\(fragment)"
    // Not by print, which keeps it back from a pipe.
    FileHandle.standardOutput.write(Data("Studio: \(address)\nCtrl-C ends it.\n".utf8))
  }
}

/// A model to serve.
private struct ServedLocation {
  let place: ModelPlace
  /// What requests call it.
  let name: String
  let configuration: any FlowConfiguration

  /// - Throws: what finding a model throws; `ValidationError` for one that is given twice.
  static func all(_ texts: [String], checkpoint: CheckpointChoice?) throws -> [ServedLocation] {
    var seen: [String: String] = [:]
    let names = distinctNames(of: texts)
    return try texts.enumerated().map { index, text in
      let place = try ModelPlace(text, checkpoint: checkpoint)
      if let earlier = seen.updateValue(text, forKey: place.folder.standardizedFileURL.resolvingSymlinksInPath().path) {
        throw ValidationError("--model \(text) is the same as --model \(earlier): name each once")
      }
      return ServedLocation(
        place: place, name: names[index], configuration: try ModelFolder.readConfiguration(place.folder))
    }
  }

  /// The last part of each path; where those are the same, as many parts as tell them apart, else a number.
  private static func distinctNames(of texts: [String]) -> [String] {
    let paths = texts.map { text in
      text.contains("/") ? URL(filePath: text).standardizedFileURL.pathComponents.filter { $0 != "/" } : [text]
    }
    var lengths = paths.map { _ in 1 }
    func names() -> [String] { zip(paths, lengths).map { $0.suffix($1).joined(separator: "/") } }
    for _ in 0..<(paths.map(\.count).max() ?? 0) {
      let counts = Dictionary(grouping: names(), by: \.self).mapValues(\.count)
      for (index, name) in names().enumerated() where counts[name]! > 1 {
        lengths[index] = min(lengths[index] + 1, paths[index].count)
      }
    }
    var taken: Set<String> = []
    return names().map { name in
      var (own, number) = (name, 1)
      while !taken.insert(own).inserted {
        number += 1
        own = "\(name)-\(number)"
      }
      return own
    }
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
