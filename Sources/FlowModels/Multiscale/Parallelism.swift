/// How the threads of one process work together on a batch.
public enum Parallelism: String, Sendable, CaseIterable {
  /// ``images`` where that is faster, and else ``operations``.
  case automatic
  /// Each thread takes images of its own through the whole model, and back: the threads meet once, to add up gradients. For
  /// small models, of which an operation is over sooner than a meeting.
  case images
  /// All threads work on each operation together: for models that are large, or few images.
  case operations
}
