/// Names that flags had in earlier versions. They still work, and no help shows them.
enum FormerNames {
  /// The new name of each former one, by verb.
  static let flags: [String: [String: String]] = [
    "train": ["architecture": "family", "model": "family"],
    "launch": ["hosts": "machines", "host": "machine"],
    "sample": ["neighbours": "neighbors", "neighbour-count": "neighbor-count"],
    "interpolate": ["steps": "columns"],
    "attributes fit": ["precision": "dtype"],
    "attributes apply": ["steps": "columns"],
    "score": ["labels": "label"],
    "quality": ["neighbors": "neighbor-count", "neighbours": "neighbor-count"],
    "serve": ["batch-size": "batch"],
    "compress": ["output": "out"],
    "decompress": ["output": "out"],
    "export": ["precision": "dtype"],
    "data show": ["count": "limit", "attributes": "attribute"],
    "bench": ["model": "family", "steps-of-flow": "steps", "warmup": "warmup-rounds"],
  ]
}

extension [String] {
  /// Arguments with the names that flags have now. What follows `--` is left as it is.
  var renamingFlags: [String] {
    let names = FormerNames.flags[prefix(2).joined(separator: " ")] ?? first.flatMap { FormerNames.flags[$0] } ?? [:]
    guard !names.isEmpty else { return self }
    let end = firstIndex(of: "--") ?? endIndex
    return self[..<end].map { argument in
      guard argument.hasPrefix("--") else { return argument }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first, let new = names[String(name)] else { return argument }
      return "--" + new + argument.dropFirst(2 + name.count)
    } + self[end...]
  }
}
