/// What a process of a job is doing.
public enum Phase: String, Sendable, CaseIterable {
  /// Not yet at its first step.
  case starting
  /// It waits for a batch.
  case reading = "reading images"
  /// Passes through the model and steps of the optimizer.
  case computing
  /// It has called a collective that not all ranks have joined.
  case waiting = "waiting for the others"
  /// It measures the validation images.
  case evaluating
  /// It writes a checkpoint, or waits while one is written.
  case saving = "writing a checkpoint"
}
