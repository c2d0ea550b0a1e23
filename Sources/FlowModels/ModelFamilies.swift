import Foundation

/// The families of models that checkpoints, training and the command line know: the only list of them.
public enum ModelFamilies {
  /// The families of this package. To add one, write its configuration and enter it here.
  private static let own: [any FlowConfiguration.Type] = [
    GlowConfiguration.self, RealNVPConfiguration.self, MaskedGlowConfiguration.self,
  ]

  private static let registered = Registered()

  /// In the order in which they were entered.
  public static var all: [any FlowConfiguration.Type] { own + registered.families }

  /// Enters a family of your own. Do it before anything is read or parsed, such as first thing in a program; entering it
  /// again has no effect.
  public static func register(_ family: any FlowConfiguration.Type) {
    guard !all.contains(where: { $0 == family }) else { return }
    precondition(named(family.kind) == nil, "two families of models are called \(family.kind)")
    registered.add(family)
  }

  /// The family of that ``FlowConfiguration/kind``; nil where there is none.
  public static func named(_ kind: String) -> (any FlowConfiguration.Type)? { all.first { $0.kind == kind } }

  private final class Registered: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [any FlowConfiguration.Type] = []

    var families: [any FlowConfiguration.Type] { lock.withLock { list } }
    func add(_ family: any FlowConfiguration.Type) { lock.withLock { list.append(family) } }
  }
}
