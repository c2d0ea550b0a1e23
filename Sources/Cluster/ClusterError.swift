import Files
import Foundation

/// What keeps the processes of a job from working together, in one sentence.
public struct ClusterError: Error, LocalizedError, CustomStringConvertible {
  public let description: String
  /// Whether another rank is what failed, or the network.
  public let isElsewhere: Bool
  public var errorDescription: String? { description }

  package init(_ description: String, isElsewhere: Bool = false) {
    self.description = printable(description)
    self.isElsewhere = isElsewhere
  }
}
