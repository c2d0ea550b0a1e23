import CTorch

/// Processes that reduce and share tensors: a process group of c10d, the collectives beneath torch.distributed.
///
/// All members call the same operations in the same order with tensors of the same shapes and types. An operation is under way
/// when its call returns, on threads of the group's own.
public final class ProcessGroup {
  /// What ``allReduce(_:_:)`` makes of the members' tensors, element by element.
  public enum Reduction: Sendable {
    /// All of them added up.
    case sum
    /// The largest of them.
    case maximum
  }

  /// How connections between CPUs are made.
  public enum Endpoint: Sendable, Equatable {
    /// The name of a network interface, such as `eth0`.
    case interface(String)
    /// An address of this host that all members can reach.
    case address(String)
  }

  /// The number of this member, from 0.
  public let rank: Int
  /// How many members there are.
  public let size: Int
  private let handle: ct_handle

  private init(_ handle: ct_handle, rank: Int, size: Int) {
    self.handle = handle
    self.rank = rank
    self.size = size
  }

  deinit { ct_release_object(handle) }

  /// Whether this libtorch has NCCL, for tensors on NVIDIA GPUs.
  public static var hasNCCL: Bool { ct_has_nccl() }

  /// A group for tensors on CPUs, on Gloo. Waits for all members.
  /// - Parameters:
  ///   - prefix: of the group's keys in the store.
  ///   - timeout: of every operation, in seconds.
  /// - Throws: ``TorchError``.
  public static func gloo(
    _ store: KeyValueStore, prefix: String, rank: Int, size: Int, endpoint: Endpoint, timeout: Double
  ) throws -> ProcessGroup {
    var handle = ct_handle()
    let status =
      switch endpoint {
      case .interface(let name):
        ct_gloo_group(store.handle, prefix, Int32(rank), Int32(size), name, nil, timeout, &handle)
      case .address(let address):
        ct_gloo_group(store.handle, prefix, Int32(rank), Int32(size), nil, address, timeout, &handle)
      }
    try check("gloo", status)
    return ProcessGroup(handle, rank: rank, size: size)
  }

  /// A group for tensors on NVIDIA GPUs, one a member, on NCCL.
  /// - Throws: ``TorchError``, also where there is no NCCL.
  public static func nccl(
    _ store: KeyValueStore, prefix: String, rank: Int, size: Int, timeout: Double
  ) throws -> ProcessGroup {
    var handle = ct_handle()
    try check("nccl", ct_nccl_group(store.handle, prefix, Int32(rank), Int32(size), timeout, &handle))
    return ProcessGroup(handle, rank: rank, size: size)
  }

  /// Puts the elementwise sum (or maximum) of all members' tensors in the place of each.
  /// - Parameter tensor: contiguous; not to be touched before ``Collective/wait()``.
  public func allReduce(_ tensor: Tensor, _ reduction: Reduction = .sum) throws -> Collective {
    try collective("allReduce", tensor) {
      ct_all_reduce(handle, tensor.handle, reduction == .sum ? CT_SUM : CT_MAX, $0)
    }
  }

  /// Puts the elements of the tensor of member `root` in the place of everybody's.
  /// - Parameter tensor: contiguous; not to be touched before ``Collective/wait()``.
  public func broadcast(_ tensor: Tensor, from root: Int = 0) throws -> Collective {
    try collective("broadcast", tensor) { ct_broadcast(handle, tensor.handle, Int32(root), $0) }
  }

  private func collective(
    _ name: StaticString, _ tensor: Tensor, _ call: (UnsafeMutablePointer<ct_handle>) -> ct_status
  ) throws -> Collective {
    precondition(tensor.isContiguous, "\(name) needs a contiguous tensor")
    var work = ct_handle()
    try check(name, [tensor], call(&work))
    return Collective(work, on: tensor)
  }
}

/// An operation of a ``ProcessGroup`` that is under way.
public final class Collective {
  private let handle: ct_handle
  private let tensor: Tensor

  fileprivate init(_ handle: ct_handle, on tensor: Tensor) {
    self.handle = handle
    self.tensor = tensor
  }

  deinit { ct_release_object(handle) }

  /// Waits for the result; on a GPU makes what is computed next wait for it.
  /// - Throws: ``TorchError`` when a member is gone, or did not join in within the group's timeout.
  public func wait() throws { try check("collective", [tensor], ct_wait(handle)) }
}
