/// What a model is told of an image.
enum Condition: Hashable, Sendable {
  /// Of a model that is told nothing.
  case none
  case label(Int)
  /// From -1 (the image has it not) to 1 (it has it), 0 where nothing is said; one for each of the model's.
  case attributes([Float])

  var label: Int? { if case .label(let label) = self { label } else { nil } }
}
