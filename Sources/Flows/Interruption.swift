import Torch

/// Lets whoever runs a model stop it between two layers, where one image may take seconds.
///
/// ```swift
/// try Interruption { try Task.checkCancellation() }.during { try glow.encode(images) }
/// ```
public final class Interruption: Sendable {
  @TaskLocal private static var current: Interruption?

  private let body: @Sendable () throws -> Void

  /// - Parameter check: called before each layer of a ``Chain``; what it throws ends the pass.
  public init(check: @escaping @Sendable () throws -> Void) { body = check }

  /// Runs `work` under this check.
  /// - Throws: what `work` or the check throws.
  public func during<R>(_ work: () throws -> R) rethrows -> R { try Self.$current.withValue(self, operation: work) }

  static func check() throws { try current?.body() }

  /// `Runtime.sideBySide` under the caller's check.
  package static func sideBySide<R>(_ count: Int, _ work: (Int) throws -> R) throws -> [R] {
    let current = current
    return try Runtime.sideBySide(count) { index in
      try Self.$current.withValue(current) { try work(index) }
    }
  }
}
