/// What the processes of a job know of each other.
public struct Member: Codable, Sendable, Equatable, CustomStringConvertible {
  /// From 0.
  public var rank: Int
  /// Processes of the job, as this one was told.
  public var size: Int
  /// The name of the host that it runs on.
  public var host: String
  /// Its process identifier on that host.
  public var process: Int32
  /// Where it is reached; nil where the interface is named by hand.
  var address: String?
  /// Where it reaches the host of the job's store.
  var masterAddress: String?

  public var description: String { "rank \(rank) (process \(process) on \(host))" }
}
