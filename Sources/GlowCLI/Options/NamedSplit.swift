import ArgumentParser
import Datasets

/// A split of a data set as a person writes it: `SET` or `SET:train`, `SET:validation`, `SET:test`.
struct NamedSplit: ExpressibleByArgument, CustomStringConvertible {
  /// As `--data` takes it.
  let data: String
  /// Nil where it is not said.
  let split: DatasetSplit?

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    if let colon = argument.lastIndex(of: ":"), colon > argument.startIndex,
      let split = DatasetSplit(rawValue: String(argument[argument.index(after: colon)...]))
    {
      (data, self.split) = (String(argument[..<colon]), split)
    } else {
      (data, split) = (argument, nil)
    }
  }

  var description: String { split.map { "\(data):\($0.rawValue)" } ?? data }
}
