import ArgumentParser
import Torch
import Training

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a training run exactly where it was.",
    discussion: """
      The run keeps its own settings, but for those that are named here, which hold from its newest checkpoint on: after \
      the guards gave up, a lower --lr, a longer --warmup or a --clip. Without any, it ends with the same weights as one that was never stopped, to the bit on the same \
      machine with the same number of threads.

      \(ExitStatus.text)

      Examples:
        glow resume runs/first
        glow resume runs/first --images 2000000 --lr 5e-4
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: Completions.run) var folder: String
  @Option(help: "Images to train on in all, counting repetitions; by default as many as before.")
  var images: Int?
  @Option(help: "Another learning rate, before its warm-up and decay; by default the run's own.") var lr: Double?
  @Option(help: "Images, from the run's first on, over which the learning rate rises; by default the run's own.")
  var warmup: Int?
  @Option(help: "Largest gradient norm, 0 for none; by default the run's own.") var clip: Double?
  @Option(
    help: "Where the run's images are now, as in train; by default where they were.", completion: Completions.data)
  var data: String?
  @Flag(help: "Go on although the images are no longer those that the run began with.")
  var acceptChangedData = false
  @OptionGroup var process: ProcessOptions

  private var changes: ChangedSettings {
    var changes = ChangedSettings()
    changes.learningRate = lr
    changes.warmupImages = warmup
    changes.gradientClip = clip
    return changes
  }

  func validate() throws {
    var settings = TrainingConfiguration(data: "")
    if let images { settings.images = images }
    if let lr { settings.learningRate = lr }
    if let warmup { settings.warmupImages = warmup }
    if let clip { settings.gradientClip = clip }
    try namingFlags { try settings.validate() }
  }

  func run() throws {
    var resumption = Resumption(folder: folder)
    (resumption.images, resumption.data, resumption.changes) = (images, data, changes)
    resumption.acceptsChangedData = acceptChangedData
    try process.run { device, communicator in
      try namingFlags { try resumption.run(TensorOptions(.float32, on: device), communicator) }
    }
  }
}
