import Files
import Foundation

/// What keeps the processes of a job from working together, in one sentence.
public struct ClusterError: Error, LocalizedError, CustomStringConvertible {
  public let description: String
  /// The rank that failed, where it is another than this process; nil for what is wrong here.
  public let failedRank: Int?
  public var errorDescription: String? { description }

  package init(_ description: String, failedRank: Int? = nil) {
    self.description = printable(description)
    self.failedRank = failedRank
  }
}
