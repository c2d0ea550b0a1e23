import Cluster
import Flows
import Torch

/// Adds up the gradients of all ranks while the backward pass goes on: the last layers' leave while earlier layers are still
/// being rebuilt.
///
/// Layers lie in the gradient vector in their order, and the backward pass finishes them from the last to the first. So what is
/// done is always the end of the vector, and a bucket is a view of it: gradients are reduced where they are, without a copy.
final class GradientReducer {
  /// What goes over the network.
  private struct Bucket {
    let range: Range<Int>
    let sent: Tensor
    let collective: Collective
  }

  private let parameters: ParameterVector
  private let communicator: Communicator
  private let bucketCount: Int
  private let wire: TrainingConfiguration.WirePrecision
  private var end: Int
  private var buckets: [Bucket] = []

  /// - Parameter bucketBytes: what goes over the network at a time, about: small messages cost their latency, and large ones
  ///   begin late. Nil for a sixteenth of all, 256 KiB to 8 MiB.
  init(
    _ parameters: ParameterVector, _ communicator: Communicator, bucketBytes: Int?,
    wire: TrainingConfiguration.WirePrecision
  ) {
    self.parameters = parameters
    self.communicator = communicator
    self.wire = wire
    let bucketBytes = bucketBytes ?? max(256 << 10, min(8 << 20, parameters.gradients.byteCount / 16))
    let width = wire == .bf16 ? 2 : parameters.gradients.dtype.byteWidth
    bucketCount = max(1, bucketBytes / width)
    end = parameters.count
  }

  /// Takes note that the gradients from `start` on are done, and sends off the buckets that they fill. Where buckets begin
  /// does not depend on the calls: so that a rank which could not finish its pass can still take part to the end of the step.
  /// - Throws: `ClusterError` naming the rank that is gone.
  func finish(from start: Int) throws {
    while end - start >= bucketCount || start == 0 && end > 0 {
      let range = max(0, end - bucketCount)..<end
      let view = try parameters.gradients.narrowed(0, range)
      let sent = wire == .bf16 ? try view.converted(to: .bfloat16) : view
      buckets.append(Bucket(range: range, sent: sent, collective: try communicator.startSum(sent)))
      end = range.lowerBound
    }
  }

  /// Waits until all gradients are sums over all ranks; the next step can then begin.
  /// - Throws: `ClusterError` naming the rank that is gone or did not join in.
  func wait() throws {
    try finish(from: 0)
    for bucket in buckets {
      try communicator.wait(bucket.collective)
      if wire == .bf16 { try parameters.gradients.narrowed(0, bucket.range).assign(bucket.sent) }
    }
    buckets = []
    end = parameters.count
  }
}
