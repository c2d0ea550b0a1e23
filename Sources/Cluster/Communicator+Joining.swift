import Foundation
import Torch

extension Communicator {
  /// How a rank takes part in its job.
  public struct Options: Sendable {
    /// Seconds after which a rank that does not answer, or does not join in, has failed.
    public var timeout = 300.0
    /// Seconds to wait for all ranks to arrive.
    public var joinTimeout = 300.0
    /// The device of the tensors that are reduced.
    public var device = Device.cpu
    /// Told once what this rank waits for, where the others take long to arrive.
    public var onWait: @Sendable (String) -> Void = { _ in }
    /// What the program tells when the job has failed and this process hangs; it then ends the process.
    public var onStuck: @Sendable (ClusterError) -> Void = { _ in }

    /// Five minutes for each wait, on the CPU.
    public init() {}
  }

  /// Finds the other ranks and connects to them. Waits until all have arrived.
  /// - Throws: ``ClusterError`` naming the ranks that did not arrive, or what is wrong.
  public static func join(_ environment: RankEnvironment, _ options: Options = Options()) throws -> Communicator {
    if case .cuda = options.device, !ProcessGroup.hasNCCL {
      throw ClusterError(
        "several ranks on GPUs need NCCL, and this program was built without it (docs/gpu.md says how to build with it)"
      )
    }
    if options.device == .mps { throw ClusterError("several ranks work on cpu or cuda, and not on mps") }
    // Before anybody waits for this rank.
    if let problem = HostAddress.namedInterface.flatMap(HostAddress.missingInterface) { throw ClusterError(problem) }
    let store = try openStore(environment, options)
    let prefix = "glow/\(environment.attempt)/"
    let meeting = Meeting(store, environment, prefix: prefix, timeout: options.joinTimeout)
    let (members, endpoint) = try meeting.meet()
    do {
      let group = try ProcessGroup.gloo(
        store, prefix: prefix + "gloo", rank: environment.rank, size: environment.size, endpoint: endpoint,
        timeout: options.timeout)
      var deviceGroup: ProcessGroup?
      if case .cuda = options.device {
        deviceGroup = try .nccl(
          store, prefix: prefix + "nccl", rank: environment.rank, size: environment.size, timeout: options.timeout)
      }
      let place = "\(environment.masterAddress):\(environment.masterPort)"
      let keeper =
        environment.launcherServes
        ? "the launcher at \(place), which keeps the job's keys,"
        : "rank 0 on \(members[0].host) at \(place), which keeps the job's keys,"
      let presence = Presence(
        try store.connectionOfItsOwn(), keeper: keeper,
        keepsStore: environment.rank == 0 && !environment.launcherServes, prefix: prefix, rank: environment.rank,
        members: members,
        timeout: options.timeout, onStuck: options.onStuck)
      return Communicator(
        rank: environment.rank, members: members, store: store, group: group, deviceGroup: deviceGroup,
        presence: presence, timeout: options.timeout)
    } catch let error as TorchError {
      let addresses = members.map { "\($0.rank) \($0.address ?? "interface of \($0.host)")" }
      throw ClusterError(
        "the ranks found each other but cannot connect (\(addresses.joined(separator: ", "))): open the network between "
          + "them, or name the interface in GLOO_SOCKET_IFNAME: \(error.message)")
    }
  }

  private static func openStore(_ environment: RankEnvironment, _ options: Options) throws -> KeyValueStore {
    let (host, port) = (environment.masterAddress, environment.masterPort)
    let serves = environment.rank == 0 && !environment.launcherServes
    let deadline = Date.now + options.joinTimeout
    var isTold = false
    while true {
      let left = deadline.timeIntervalSinceNow
      do {
        return try KeyValueStore(host: host, port: port, serves: serves, timeout: max(1, min(10, left)))
      } catch let error as TorchError {
        let isUnknown = HostAddress.route(to: host, port: port) == nil
        let unknown = isUnknown ? "the name \(host) leads to no address on this host; " : ""
        guard left > 10, !serves || isUnknown else {
          throw ClusterError(
            serves
              ? "rank 0 cannot listen on port \(port): \(unknown)\(error.message); set MASTER_PORT to a free one"
              : "rank \(environment.rank) got no answer at \(host):\(port) within \(Int(options.joinTimeout)) s: \(unknown)is "
                + "rank 0 running there, is MASTER_ADDR right, and is the port open between the hosts? (\(error.message))"
          )
        }
        if !isTold { options.onWait("rank \(environment.rank) waits for \(host):\(port); \(unknown)\(error.message)") }
        isTold = true
      }
    }
  }
}
