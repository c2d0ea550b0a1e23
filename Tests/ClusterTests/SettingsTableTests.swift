import Testing

@testable import Cluster

@Suite struct SettingsTableTests {
  struct Settings: Encodable {
    var a = 1
    var list = [1, 2]
    var inner: [String: [String: Double]] = ["x": ["y": 0.5]]
    var absent: Int?
  }

  @Test func equalOnesDoNotDiffer() throws {
    #expect(try SettingsTable(Settings()).difference(from: SettingsTable(Settings())) == nil)
  }

  @Test func theFirstDifferenceByName() throws {
    var other = Settings()
    (other.inner, other.list, other.absent) = (["x": ["y": 0.25]], [1], 3)
    let found = try #require(try SettingsTable(Settings()).difference(from: SettingsTable(other)))
    #expect(found == ("absent", "no value", "3"))
    other.absent = nil
    let next = try #require(try SettingsTable(Settings()).difference(from: SettingsTable(other)))
    #expect(next == ("inner.x.y", "0.5", "0.25"))
  }
}
