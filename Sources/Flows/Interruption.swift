/// Lets whoever runs a model stop it between two layers, where one image may take seconds.
///
/// ```swift
/// try Interruption.$check.withValue({ try Task.checkCancellation() }) { try glow.encode(images) }
/// ```
public enum Interruption {
  /// Called before each layer of a ``Chain``; what it throws ends the pass.
  @TaskLocal public static var check: (@Sendable () throws -> Void)?
}
