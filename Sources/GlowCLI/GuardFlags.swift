import ArgumentParser
import Training

/// Flags that say what training refuses and how it recovers.
struct GuardFlags: ParsableArguments {
  @Option(help: "The largest condition number of a 1x1 convolution; 0 for no limit. By default 1e5.")
  var maxCondition: Double?
  @Option(help: "The most by which couplings may scale elements up or down; 0 for no limit. By default 1e6.")
  var maxScale: Double?
  @Option(help: "The largest round-trip error; 0 for no limit. By default half a level of the pixels.")
  var maxRoundTrip: Double?
  @Option(help: "How many times in a row to go back to a checkpoint; 0 to give up at once. By default 3.")
  var rollBacks: Int?
  @Option(help: "What each time in a row multiplies the learning rate by. By default 0.5.")
  var rollBackRate: Double?
  @Option(help: "For how many images the learning rate stays low then. By default 25000.")
  var rollBackImages: Int?

  var areUnset: Bool {
    [maxCondition, maxScale, maxRoundTrip, rollBackRate].allSatisfy { $0 == nil } && rollBacks == nil
      && rollBackImages == nil
  }

  func apply(to guards: inout Guards) {
    if let maxCondition { guards.conditionNumber = maxCondition }
    if let maxScale { guards.scale = maxScale }
    if let maxRoundTrip { guards.roundTripError = maxRoundTrip }
    if let rollBacks { guards.rollBacks = rollBacks }
    if let rollBackRate { guards.learningRateFactor = rollBackRate }
    if let rollBackImages { guards.images = rollBackImages }
  }
}
