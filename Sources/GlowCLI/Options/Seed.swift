import ArgumentParser

/// Reads a seed; refuses others in a sentence.
func seedNumber(_ text: String) throws -> UInt64 {
  guard let seed = UInt64(text) else {
    throw ValidationError("expected a whole number from 0 to \(UInt64.max)")
  }
  return seed
}
