import ArgumentParser

/// An amount of memory: `1500000`, `1500MB`, `1.5GB`.
struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
  var bytes: Int

  private static let units: [(name: String, bytes: Double)] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("", 1)]

  init(bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    guard let unit = Self.units.first(where: { argument.lowercased().hasSuffix($0.name.lowercased()) }),
      let number = Double(argument.dropLast(unit.name.count)), number >= 0, number * unit.bytes < 1e18
    else { return nil }
    bytes = Int(number * unit.bytes)
  }

  var description: String {
    let unit = Self.units.first { Double(bytes) >= $0.bytes } ?? ("", 1)
    let tenths = (Double(bytes) / unit.bytes * 10).rounded() / 10
    return unit.name.isEmpty ? "\(bytes) bytes" : "\(tenths) \(unit.name)"
  }
}
