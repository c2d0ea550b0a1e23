/// Slurm's short forms of lists: `gpu[01-03,07],login1` for nodes, `2(x3),1` for tasks per node.
enum SlurmNodeList {
  /// The first node of a list; nil if that cannot be made out.
  static func first(of list: String) -> String? {
    guard let open = list.firstIndex(where: { $0 == "[" || $0 == "," }), list[open] == "[" else {
      let name = list.prefix { $0 != "," }
      return name.isEmpty || name.contains("]") ? nil : String(name)
    }
    let inside = list[list.index(after: open)...]
    guard let close = inside.firstIndex(of: "]") else { return nil }
    let number = inside[..<close].prefix { $0.isNumber }
    // Further dimensions, such as `rack[1-2]node[1-4]`, begin with their first numbers too.
    let rest = inside[inside.index(after: close)...].prefix { $0 != "," }
    guard !number.isEmpty else { return nil }
    return rest.isEmpty ? String(list[..<open] + number) : first(of: String(list[..<open] + number + rest))
  }

  /// The numbers of tasks, node after node; none if they cannot be made out.
  static func counts(of list: String) -> [Int] {
    var counts: [Int] = []
    for part in list.split(separator: ",") {
      let pieces = part.split(separator: "(")
      guard let count = pieces.first.flatMap({ Int($0) }) else { return [] }
      let times = pieces.count < 2 ? 1 : Int(pieces[1].dropFirst().dropLast()) ?? 0
      guard (1...1 << 20).contains(times) else { return [] }
      counts += Array(repeating: count, count: times)
    }
    return counts
  }
}
