/// When training refuses to go on from where a step has led, and what it does then: it rolls back to a checkpoint and
/// goes on with a lower learning rate for a while.
public struct Guards: Codable, Sendable, Hashable {
  /// The largest condition number of a 1x1 convolution. At 1e5 the rounding of float32 grows to more than a level of
  /// 8 bits on the way back. 0 for no limit, here and in the next two.
  public var conditionNumber = 1e5
  /// The most by which an affine coupling may scale an element of the validation images up, or down.
  public var scale = 1e6
  /// The largest |inverse(forward(x)) - x|, in units of the model's scale; nil for half a level of its quantization, from
  /// where pixels change on the way there and back.
  public var roundTripError: Double?
  /// How many times in a row to roll back before giving up; 0 to give up at once.
  public var rollBacks = 3
  /// What each roll-back in a row multiplies the learning rate by.
  public var learningRateFactor = 0.5
  /// For how many images after the refused step the learning rate stays low.
  public var images = 25_000

  /// The limits that a run has unless told otherwise.
  public init() {}
}

/// What a guard refuses.
struct Divergence: Error, Codable {
  /// Such as "the loss is not finite".
  var what: String
  /// Where: the layer or parameter.
  var place: String
  /// The name of the layer, where it is known.
  var layer: String?

  /// What other ranks know of one that only some saw.
  static let elsewhere = Divergence(what: "another rank diverged", place: "it says where", layer: nil)
}

/// That the run rolled back, until it is over what it stumbled on.
struct Recovery: Codable, Equatable {
  /// In a row.
  var rollBacks: Int
  /// After so many images the learning rate is again what it was to be.
  var until: Int
}
