import NIOCore
import Synchronization

/// The connections that there are, and which of them give way where all places are taken.
///
/// A connection on which nothing is asked, or whose request dribbles in, loses its place to a new one, so that none can be
/// held by doing nothing. Where all are at work, a few more are taken in to be told so, and to ask for `/healthz`.
final class ConnectionTable: Sendable {
  enum Phase {
    case waiting, receiving, answering
    /// An answer that goes on and on, or that the client does not read.
    case streaming
  }

  enum Place {
    case regular
    /// Beyond the limit: of all connections, or of those from one address.
    case surplus(reason: String)
    /// Not even there: it is told so, and ends.
    case refused(reason: String)

    fileprivate var isRegular: Bool { if case .regular = self { true } else { false } }
    fileprivate var isSurplus: Bool { if case .surplus = self { true } else { false } }
  }

  private struct Connection {
    let channel: any Channel
    /// Nil for this machine's own, which are not counted: a proxy on it speaks for many.
    let address: String?
    let place: Place
    var phase = Phase.waiting
    var since = ContinuousClock.now
  }

  private let limit: Int
  private let limitPerAddress: Int
  private let patience: Duration
  private let connections = Mutex<[ObjectIdentifier: Connection]>([:])

  /// Connections beyond the limit at a time.
  private static let reserve = 16
  /// Connections that are told that there is no place, at a time; more are closed without a word.
  private static let mostRefused = 64

  /// - Parameters:
  ///   - patience: how long a request may come in before its connection may lose its place.
  init(limit: Int, limitPerAddress: Int, patience: Duration) {
    (self.limit, self.limitPerAddress, self.patience) = (limit, limitPerAddress, patience)
  }

  /// - Returns: nil where too many are told already that there is no place.
  func admit(_ channel: any Channel) -> Place? {
    let address = channel.remoteAddress?.countedHost
    let (place, closed) = connections.withLock { all -> (Place?, (any Channel)?) in
      var evicted: (any Channel)?
      func makeRoom(_ isInTheWay: (Connection) -> Bool) -> Bool {
        guard let key = Self.idlest(of: all.filter { isInTheWay($0.value) }, patience) else { return false }
        evicted = all.removeValue(forKey: key)?.channel
        return true
      }
      func takeIn(_ place: Place) -> Place {
        all[ObjectIdentifier(channel)] = Connection(channel: channel, address: address, place: place)
        return place
      }
      let regular = all.values.filter(\.place.isRegular)
      let isAddressFull = address != nil && regular.count { $0.address == address } >= limitPerAddress
      let isFull = isAddressFull || regular.count >= limit
      if !isFull || makeRoom({ $0.place.isRegular && (!isAddressFull || $0.address == address) }) {
        return (takeIn(.regular), evicted)
      }
      let reason =
        isAddressFull
        ? "this address has \(limitPerAddress) requests under way, the most that one may"
        : "\(limit) requests are under way, the most that there may be"
      let surplus = all.values.count(where: \.place.isSurplus)
      if surplus < Self.reserve || makeRoom(\.place.isSurplus) { return (takeIn(.surplus(reason: reason)), evicted) }
      guard all.count - regular.count - surplus < Self.mostRefused else { return (nil, nil) }
      return (takeIn(.refused(reason: reason)), nil)
    }
    closed?.close(promise: nil)
    return place
  }

  /// The one that gives way: it waits longest for a request, else it receives one for longer than `patience`, else it
  /// streams.
  private static func idlest(
    of connections: [ObjectIdentifier: Connection], _ patience: Duration
  ) -> ObjectIdentifier? {
    let now = ContinuousClock.now
    func oldest(_ phase: Phase, after age: Duration = .zero) -> ObjectIdentifier? {
      connections.filter { $0.value.phase == phase && now - $0.value.since >= age }
        .min { $0.value.since < $1.value.since }?.key
    }
    return oldest(.waiting) ?? oldest(.receiving, after: patience) ?? oldest(.streaming)
  }

  func set(_ phase: Phase, of channel: any Channel) {
    connections.withLock { all in
      all[ObjectIdentifier(channel)]?.phase = phase
      all[ObjectIdentifier(channel)]?.since = .now
    }
  }

  func remove(_ channel: any Channel) {
    connections.withLock { $0[ObjectIdentifier(channel)] = nil }
  }
}

extension SocketAddress {
  /// By what connections are counted: an address, of IPv6 the network (64 bits), which one client may have all of. Nil for
  /// this machine's own.
  fileprivate var countedHost: String? {
    guard let host = ipAddress, !Authority.isLoopback(host) else { return nil }
    guard case .v6(let address) = self else { return host }
    return withUnsafeBytes(of: address.address.sin6_addr) { bytes in
      let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      return isMapped ? bytes.suffix(4).map(String.init).joined(separator: ".") : "\(Array(bytes.prefix(8)))"
    }
  }
}
