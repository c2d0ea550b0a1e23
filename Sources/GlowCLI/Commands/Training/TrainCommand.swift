import ArgumentParser
import Cluster
import Datasets
import Files
import FlowModels
import Foundation
import Runs
import Torch
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model on images.",
    discussion: """
      The run folder gets checkpoints, metrics.jsonl, layers.jsonl (a line a validation: every layer) and log.jsonl. \
      Ctrl-C saves and exits; glow resume goes on exactly where the run was.

      Started by glow launch, torchrun, srun or mpirun, the processes train one model together, each on its part of every \
      batch.

      \(ExitStatus.text)

      Presets (glow presets lists their settings):
      \(Preset.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      Examples:
        glow train --data holiday-pictures --size 64 --out runs/holiday
        glow train --preset demo --out runs/demo
        glow train --from faces --data my-faces --images 20000 --out runs/mine
      """)

  @Option(
    help: """
      A folder of pictures, fashion-mnist, cifar10:FOLDER and others (`glow data list`); by default that of the preset.
      """, completion: Completions.data)
  var data: String?
  @Option(help: "What kind of model to train; by default that of --preset or --from, else glow.")
  var family: FamilyName?
  @Option(
    help: "Settings to start from (see below); flags change them. By default the family's first.",
    completion: Completions.preset)
  var preset: String?
  @Option(
    help: ArgumentHelp(
      """
      Settings to start from in place of a preset's: a file as `glow presets NAME --json` prints it, perhaps changed, or \
      a run, whose settings these then are. By default those of --preset.
      """, valueName: "file"),
    completion: .file())
  var config: String?
  @Option(
    help: ArgumentHelp(
      "Begin as this model: a run, a model folder, or a shipped model; without it, with fresh weights. --preset then gives the training's settings alone.",
      valueName: "model"),
    completion: Completions.model)
  var from: String?
  @Option(
    name: .shortAndLong, help: "The run folder to write: new or empty; without it, give --resume.",
    completion: .directory)
  var out: String?
  @Option(
    help: ArgumentHelp(
      "Go on with this run, as glow resume does, in place of --out: without it a new run begins.", valueName: "run"),
    completion: Completions.run)
  var resume: String?
  @Flag(
    name: .customLong("continue"),
    help: "Go on with the run in --out where it has a checkpoint, and else start it: for jobs that are started again.")
  var continues = false
  @Flag(help: "Go on with a run although its images are no longer those that it began with.")
  var acceptChangedData = false
  @OptionGroup(title: "Model (by default as in the preset)") var model: ModelFlags
  @OptionGroup(title: "Training (by default as in the preset)") var training: TrainingFlags
  @OptionGroup(title: "Guards (by default as in the preset)") var guards: GuardFlags
  @OptionGroup var process: ProcessOptions

  func validate() throws {
    guard !continues || out != nil else { throw ValidationError("--continue is for --out") }
    guard (out == nil) != (resume == nil) else {
      throw ValidationError("give either --out FOLDER for a new run or --resume FOLDER to go on with one")
    }
    guard preset == nil || config == nil else {
      throw ValidationError("--preset \(preset!) and --config: give one of both")
    }
    let settings = try startingPoint()
    guard resume != nil || !acceptChangedData else {
      throw ValidationError("--accept-changed-data is for --resume")
    }
    guard resume == nil || from == nil else {
      throw ValidationError("--from begins a new run, and --resume goes on with one: leave one of them out")
    }
    guard from == nil || data != nil || preset != nil || config != nil else {
      throw ValidationError("--from \(from!) needs images to train on: add --data")
    }
    guard resume != nil || data != nil || !settings.needsFolder else {
      throw ValidationError("--preset \(settings.name) needs the images: add --data \(settings.training.data)")
    }
    let others = model.names + training.names.filter { $0 != "images" } + guards.names
    guard resume == nil || (data == nil && family == nil && preset == nil && config == nil && others.isEmpty) else {
      throw ValidationError(
        "--resume goes on with the run's own settings: beside it, only --images may be given, and "
          + "--accept-changed-data; glow resume also takes --lr, --warmup, --clip and --data"
      )
    }
    try namingFlags(checkSettings)
  }

  /// What can be known of the settings before there are images.
  private func checkSettings() throws {
    var settings = try startingPoint()
    apply(to: &settings.training)
    try settings.training.validate()
    guard resume == nil else { return }
    try training.requireMeaning(for: settings.family)
    try model.requireMeaning(for: settings.family)
    // Without --size, of one that suits any number of levels. What needs the images' labels is looked at when there are.
    (settings.model.height, settings.model.width) = settings.training.size ?? (1 << 16, 1 << 16)
    let labels = model.names.contains(ModelFlagList.labels) ? ["one", "other"] : []
    guard (try? model.apply(to: &settings.model, labels: labels, attributes: nil)) != nil else { return }
    do { try settings.model.validate() } catch ModelError.invalid(let field, let value, let expected)
      where ["height", "width"].contains(field)
    {
      throw ValidationError("--size: \(field) is \(value), expected \(expected)")
    }
  }

  private func apply(to settings: inout TrainingConfiguration) {
    training.apply(to: &settings)
    guards.apply(to: &settings)
  }

  private func startingPoint() throws -> Preset {
    let source = try from.map(sourceConfiguration)
    var settings = try startingPreset(source.map { type(of: $0) } ?? family?.type ?? ModelFamilies.all[0])
    guard let from, let source else { return settings }
    if let family, family.type != type(of: source) {
      throw ValidationError(
        "--family \(family.type.kind): \(from) is a \(type(of: source).title), and a run keeps the family; leave it out"
      )
    }
    let own = [ModelFlagList.labels, ModelFlagList.condition, "classifier"]
    if let flag = model.names.first(where: { !own.contains($0) }) {
      throw ValidationError("--\(flag): a run keeps the shape of the model that it begins as, \(from); leave it out")
    }
    settings.model = source
    (settings.training.height, settings.training.width) = (source.height, source.width)
    settings.training.channels = source.channels
    return settings
  }

  /// What the model that a run begins as is; of a run that has begun, what it began as.
  private func sourceConfiguration(_ from: String) throws -> any FlowConfiguration {
    if let begun = begunFrom(from) { return begun.model }
    return try ModelFolder.readConfiguration(ModelLocation.resolve(from))
  }

  /// The run that --continue goes on with, where it began as the same model: that may since be gone, or further on.
  private func begunFrom(_ from: String) -> (model: any FlowConfiguration, origin: ModelOrigin)? {
    guard continues, let out else { return nil }
    let run = RunFolder(URL(filePath: out))
    guard !run.checkpoints.isEmpty, let origin = try? Trainer.savedConfiguration(of: run).from, origin.model == from,
      let model = try? Trainer.savedModelConfiguration(of: run)
    else { return nil }
    return (model, origin)
  }

  private func startingPreset(_ family: any FlowConfiguration.Type) throws -> Preset {
    if let config {
      let settings = try Preset(contentsOf: URL(filePath: config))
      guard self.family == nil && from == nil || settings.family == family else {
        throw ValidationError(
          "--config \(config) is of a \(settings.family.title), and this is to be a \(family.title): leave one of them out"
        )
      }
      return settings
    }
    guard let preset else { return Preset.first(of: family) }
    guard let named = Preset.named(preset) else {
      throw ValidationError(
        "--preset \(preset) is unknown, expected one of \(Preset.all.map(\.name).joined(separator: ", "))")
    }
    if self.family != nil || from != nil, named.family != family {
      throw ValidationError(
        "--preset \(preset) is a preset of \(named.family.kind), those of \(family.kind) are "
          + Preset.all.filter { $0.family == family }.map(\.name).joined(separator: ", "))
    }
    return named
  }

  func run() throws {
    try process.run { device, communicator in
      try namingFlags { try run(TensorOptions(.float32, on: device), communicator) }
    }
  }

  private func run(_ options: TensorOptions, _ communicator: Communicator?) throws {
    guard let begun = try runToGoOnWith(communicator) else {
      return try TrainingProcess(communicator).watch(start(in: out!, options, communicator))
    }
    var resumption = Resumption(folder: begun)
    resumption.images = try images()
    resumption.acceptsChangedData = acceptChangedData
    if continues {
      resumption.check = requireSettings
      resumption.data = data
    }
    try resumption.run(options, communicator)
  }

  /// What --images says.
  private func images() throws -> Int? {
    guard training.names.contains("images") else { return nil }
    var settings = TrainingConfiguration(data: "")
    training.apply(to: &settings)
    return settings.images
  }

  /// The folder of a run that has begun, if that is what there is to do.
  private func runToGoOnWith(_ communicator: Communicator?) throws -> String? {
    if let resume { return resume }
    guard continues, let out else { return nil }
    let hasBegun = { !RunFolder(URL(filePath: out)).checkpoints.isEmpty }
    return try communicator?.share(hasBegun()) ?? hasBegun() ? out : nil
  }

  private func start(
    in folder: String, _ options: TensorOptions, _ communicator: Communicator?
  ) throws -> Trainer {
    let isLeader = communicator?.isLeader ?? true
    if isLeader { try OutputFolder.run.require(folder, beside: data.flatMap { try? DatasetSource(naming: $0) }) }
    let (model, given, train, validation, cache) = try settings(saying: isLeader)
    let source = try source(like: model, options)
    var training = given
    training.from = try source.flatMap { source in try from.map { try ModelOrigin(source, at: $0) } }
    if isLeader {
      let ranks = communicator.map { ", in \(counted($0.size, "process", plural: "processes"))" } ?? ""
      tell("\(model.summary), on \(counted(train.count, "image")) \(train.shape) of \(training.data)\(ranks)")
      tell("The images have \(train.labelSummary)\(what(model, learnsOf: train))")
    }
    let run = RunFolder(URL(filePath: folder))
    let trainer = try Trainer(
      model: model, training: training, startingFrom: source, train: train, validation: validation,
      test: isLeader ? testImages(training, like: train) : nil, run: run, options: options, communicator: communicator)
    if isLeader, let from, let taken = trainer.takenTensors { tell("From \(from): \(taken)") }
    let disk = training.pictureDiskBudget(of: run)
    cache.useDisk(run.pictureCacheFolder, bytes: disk)
    if isLeader,
      let advice = try train.packingAdvice(
        for: DatasetSource(parsing: training.data), seed: training.seed, keeping: cache.memoryBudget + disk)
    {
      warn(advice)
    }
    return trainer
  }

  /// The model that a run begins as.
  private func source(like model: any FlowConfiguration, _ options: TensorOptions) throws -> (any FlowModel)? {
    guard let from else { return nil }
    let source = try ModelFolder.read(ModelLocation.resolve(from), options: options)
    guard source.configuration.channels == model.channels else {
      throw ValidationError(
        "--channels \(model.channels): \(from) takes images of \(counted(source.configuration.channels, "channel")); leave it out"
      )
    }
    return source
  }

  /// Which of the images' classes and attributes a model is told, for the end of a sentence.
  private func what(_ model: any FlowConfiguration, learnsOf train: any ImageDataset) -> String {
    let told = model.attributeNames.count
    if told > 0 {
      let which = told == train.attributeNames.count ? "all" : "\(told)"
      return "; the model is told \(which) of the attributes"
    }
    return !train.classNames.isEmpty && model.classCount == 0 ? "; the model learns no classes without --labels" : ""
  }

  /// The test images, to know them again.
  private func testImages(_ training: TrainingConfiguration, like train: any ImageDataset) throws -> (any ImageDataset)?
  {
    let images = TrainedImages(training, channels: train.shape.channels)
    do { return try images.openTest(DatasetSource(parsing: training.data)) } catch {
      warn("the test images cannot be opened, and will not be known again: \(error)")
      return nil
    }
  }

  /// What the flags say of a new run, and its images.
  /// - Parameters:
  ///   - says: whether to tell what of the data is not used.
  ///   - saved: of a run that is gone on with: its images are decoded as they were.
  private func settings(saying says: Bool = false, decodingAsIn saved: TrainingConfiguration? = nil) throws -> (
    model: any FlowConfiguration, training: TrainingConfiguration, train: any ImageDataset,
    validation: any ImageDataset, cache: PictureCache
  ) {
    var settings = try startingPoint()
    if let data { settings.training.data = try DatasetSource.text(of: data) }
    try training.requireMeaning(for: settings.family)
    try model.requireMeaning(for: settings.family)
    apply(to: &settings.training)
    try settings.training.validate()
    if let saved { settings.training.reducedDecoding = saved.reducedDecoding }
    let cache = settings.training.makePictureCache()
    let (train, validation) = try settings.training.openImages(keepingIn: cache)
    if says { warn(ofNotesOn: train, validation) }
    settings.model.height = train.shape.height
    settings.model.width = train.shape.width
    settings.model.channels = train.shape.channels
    try model.apply(to: &settings.model, labels: train.classNames, attributes: train.attributeNames)
    settings.model.learnAttributes(of: train)
    try settings.model.validate()
    if settings.model.attributeNames.isEmpty, training.names.contains(TrainingFlagList.conditionDropout) {
      throw ValidationError("--condition-dropout is for a model that is conditioned on attributes: add --condition")
    }
    return (settings.model, settings.training, train, validation, cache)
  }

  /// Throws unless the flags are those that the run was begun with, but for how long it is to be.
  private func requireSettings(of state: TrainingState, in run: RunFolder) throws {
    let saved = state.configuration
    var (model, training, train, validation, _) = try settings(decodingAsIn: saved)
    // The model that the run began as, as it was then.
    training.from = from.map { begunFrom($0)?.origin ?? ModelOrigin(model: $0, weights: "") }
    training.images = saved.images
    let begun = try Trainer.savedModelConfiguration(of: run)
    // The images say it, which are compared by themselves; earlier runs do not know it.
    model.attributeExclusions = begun.attributeExclusions
    model.attributeExamples = begun.attributeExamples
    training.precision = training.precision ?? saved.precision
    let known = TrainedImages(state, of: run, channels: begun.channels)
    // However they are written, and wherever they are now.
    if try known.mayBe(in: DatasetSource(parsing: training.data))
      || known.areKnownAgain && known.difference(train: train, validation: validation) == nil
    {
      training.data = saved.data
    }
    let difference =
      try SettingsTable(training).difference(from: SettingsTable(saved))
      ?? SettingsTable(model).difference(from: SettingsTable(begun))
    guard type(of: model) == type(of: begun), difference == nil else {
      let what =
        difference.map { "\(flagText(of: $0.name)) is \($0.other) there and \($0.own) here" }
        ?? "it is another family"
      throw ValidationError(
        "--continue: the run in \(run.url.relativePath) was begun with other settings: \(what); give the same flags, or "
          + "another --out")
    }
  }
}
