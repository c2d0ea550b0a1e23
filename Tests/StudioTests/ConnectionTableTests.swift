import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Studio

/// Who gets a place where there are few.
@Suite struct ConnectionTableTests {
  private func channel(from address: String) throws -> EmbeddedChannel {
    let channel = EmbeddedChannel()
    channel.remoteAddress = try SocketAddress(ipAddress: address, port: 1)
    return channel
  }

  private func isRegular(_ place: ConnectionTable.Place?) -> Bool {
    if case .regular = place { true } else { false }
  }

  /// Connections on which a request is under way.
  private func fill(_ table: ConnectionTable, from addresses: [String]) throws -> [EmbeddedChannel] {
    try addresses.map { address in
      let channel = try channel(from: address)
      #expect(isRegular(table.admit(channel)), "\(address)")
      table.set(.answering, of: channel)
      return channel
    }
  }

  @Test func noAddressHasAllPlaces() throws {
    let table = ConnectionTable(limit: 10, limitPerAddress: 2, patience: .seconds(5))
    var held = try fill(table, from: ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"])
    for address in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::3"] {
      let place = table.admit(try channel(from: address))
      guard case .surplus(let reason) = place else {
        Issue.record("\(address) has \(place.map { "\($0)" } ?? "no place")")
        continue
      }
      #expect(reason.contains("this address has 2"))
    }
    // Others have theirs, and this machine as many as it likes.
    held += try fill(table, from: ["192.0.2.2", "2001:db8:0:1::1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "::1"])
    guard case .surplus(let reason) = table.admit(try channel(from: "127.0.0.1")) else {
      Issue.record("there are more than ten")
      return
    }
    #expect(reason.contains("10 requests"))
    table.remove(held[0])
    #expect(isRegular(table.admit(try channel(from: "192.0.2.1"))))
  }

  /// Where even the places for `/healthz` are at work.
  @Test func theRestIsToldThatThereIsNoPlace() throws {
    let table = ConnectionTable(limit: 1, limitPerAddress: 9, patience: .seconds(3600))
    var held = try fill(table, from: ["127.0.0.1"])
    func admit() throws -> ConnectionTable.Place? {
      let new = try channel(from: "127.0.0.1")
      held.append(new)
      defer { table.set(.answering, of: new) }
      return table.admit(new)
    }
    for number in 0..<16 {
      guard case .surplus = try admit() else {
        Issue.record("number \(number) has no place")
        return
      }
    }
    var refused = 0
    while case .refused(let reason) = try admit() {
      #expect(reason.contains("1 requests are under way"))
      refused += 1
    }
    #expect(refused == 64)
    table.remove(held[17])
    guard case .refused = try admit() else {
      Issue.record("one has gone")
      return
    }
  }

  @Test func whoHasNoPlaceGetsTheFormOfAllErrors() throws {
    let table = ConnectionTable(limit: 1, limitPerAddress: 1, patience: .seconds(1))
    let guardian = RequestGuard(
      table, .refused(reason: "2 requests are under way"), headLimit: .seconds(5), metrics: MetricsRegistry())
    let channel = EmbeddedChannel(handler: guardian)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    guard case .head(let head) = try channel.readOutbound(as: HTTPServerResponsePart.self),
      case .body(.byteBuffer(let body)) = try channel.readOutbound(as: HTTPServerResponsePart.self)
    else {
      Issue.record("nothing is said")
      return
    }
    #expect(head.status == .serviceUnavailable && head.headers["Retry-After"] == ["1"])
    #expect(head.headers["Content-Type"] == ["application/problem+json"] && head.headers["Connection"] == ["close"])
    #expect(String(buffer: body).contains("2 requests are under way: try again in a while"))
    _ = try channel.finish(acceptAlreadyClosed: true)
  }

  @Test func whoGivesWay() throws {
    let table = ConnectionTable(limit: 4, limitPerAddress: 4, patience: .seconds(3600))
    let channels = try fill(table, from: ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"])
    for (channel, phase) in zip(channels, [.receiving, .streaming, .waiting, .answering] as [ConnectionTable.Phase]) {
      table.set(phase, of: channel)
    }
    func admit() throws -> Bool {
      let new = try channel(from: "127.0.0.1")
      defer { table.set(.answering, of: new) }
      return isRegular(table.admit(new))
    }
    // First the one that waits, then the one that streams; the others keep their places.
    #expect(try admit() && !channels[2].isActive)
    #expect(try admit())
    #expect(try !admit())
    let more = try (0..<40).map { _ in table.admit(try channel(from: "127.0.0.1")) == nil }
    // Those beyond give way to each other.
    #expect(!more.contains(true))
  }
}
