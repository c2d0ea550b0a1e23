import Files

/// JSON for people and programs: indented, fields in order, numbers that are not finite as in `metrics.jsonl`.
func prettyJSON(_ value: some Encodable) throws -> String {
  String(decoding: try JSONFile.pretty(value), as: UTF8.self)
}
