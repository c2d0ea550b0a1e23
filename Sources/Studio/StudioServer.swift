import Datasets
import Foundation
import Hummingbird
import HummingbirdCore
import Inference
import Logging
import ServiceLifecycle

/// Serves one model or several: a page for people and an HTTP API for programs (`/openapi.json`).
///
/// ```swift
/// let model = try await ImageModel("fashion-mnist")
/// var options = StudioOptions()
/// options.port = 8081
/// try await StudioServer(model, options: options).run { port in print("http://127.0.0.1:\(port)/") }
/// ```
public struct StudioServer: Sendable {
  private let studio: Studio
  private let logger: Logger

  /// - Parameters:
  ///   - dataset: images to choose from, of the model's size.
  ///   - runs: a folder with training runs to look at.
  ///   - logger: for what the server cannot tell its clients.
  public init(
    _ model: ImageModel, options: StudioOptions = StudioOptions(), dataset: (any ImageDataset)? = nil, runs: URL? = nil,
    logger: Logger = Logger(label: "glow.studio")
  ) {
    self.init([StudioModel(model, dataset: dataset)], options: options, runs: runs, logger: logger)
  }

  /// - Parameters:
  ///   - models: one or more, each of another name; requests that name none are for the first.
  ///   - runs: a folder with training runs to look at.
  ///   - logger: for what the server cannot tell its clients.
  public init(
    _ models: [StudioModel], options: StudioOptions = StudioOptions(), runs: URL? = nil,
    logger: Logger = Logger(label: "glow.studio")
  ) {
    precondition(!models.isEmpty, "a server has a model")
    self.init(ModelLibrary(models), options, runs, logger)
  }

  /// Serves models of which not all need fit into memory: those that are not there are loaded when a request needs them.
  /// - Parameters:
  ///   - first: is meant where a request names none, and stays in memory.
  ///   - loaded: others that are there at the start.
  ///   - sources: one for each model, the first included, of which no two have the same name.
  ///   - memory: what all may take together, about, in bytes.
  ///   - runs: a folder with training runs to look at.
  ///   - logger: for what the server cannot tell its clients.
  public init(
    _ first: StudioModel, loaded: [StudioModel] = [], sources: [StudioModelSource], memory: Int,
    options: StudioOptions = StudioOptions(), runs: URL? = nil, logger: Logger = Logger(label: "glow.studio")
  ) {
    self.init(ModelLibrary(first, loaded: loaded, sources: sources, memory: memory), options, runs, logger)
  }

  private init(_ library: ModelLibrary, _ options: StudioOptions, _ runs: URL?, _ logger: Logger) {
    precondition(options.isLoopback || options.token != nil, "a server beyond this machine needs a token")
    let names = library.names
    precondition(names.first == library.first.name, "the first model is the first source")
    precondition(Set(names).count == names.count, "no two models have the same name")
    studio = Studio(library, options: options, runs: runs.map(RunCatalog.init))
    self.logger = logger
  }

  /// How long a shutdown waits for requests under way.
  private static let drainTime = Duration.seconds(20)

  /// Serves until the process is told to stop (SIGINT, SIGTERM) or the task is cancelled: then no connection is taken any
  /// more, and what is under way is finished.
  /// - Parameter whenRunning: called with the port, once the server listens; of a socket, with that of the options.
  /// - Throws: `IOError` when the address cannot be had, `MissingFiles` when the page did not come with the program.
  public func run(whenRunning: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
    let page = try PageFiles()
    let options = studio.options
    try options.socket.map(SocketFile.clear)
    defer { options.socket.map(SocketFile.remove) }
    let table = ConnectionTable(
      limit: options.connectionLimit, limitPerAddress: options.connectionLimitPerAddress, patience: options.headLimit)
    let application = Application(
      router: studio.router(page),
      server: HTTPServerBuilder { responder in
        StudioChannel(responder: responder, options: options, table: table, metrics: studio.metrics)
      },
      configuration: ApplicationConfiguration(address: options.address),
      onServerRunning: { await whenRunning($0.localAddress?.port ?? options.port) }, logger: logger)
    var configuration = ServiceGroupConfiguration(
      services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = Self.drainTime
    let group = ServiceGroup(configuration: configuration)
    // Apart from this task, whose cancellation would not leave it time to finish what is under way.
    let running = Task { try await group.run() }
    let result = await withTaskCancellationHandler {
      await running.result
    } onCancel: {
      Task { await group.triggerGracefulShutdown() }
    }
    await studio.library.rest()
    try result.get()
  }
}

extension StudioOptions {
  fileprivate var address: BindAddress {
    socket.map { .unixDomainSocket(path: $0.path) } ?? .hostname(host, port: port)
  }
}
