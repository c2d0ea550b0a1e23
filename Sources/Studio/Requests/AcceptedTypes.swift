import Foundation
import HTTPTypes
import Hummingbird

/// The types that a client takes, by its `Accept` headers (RFC 9110, section 12.5.1).
struct AcceptedTypes {
  private struct Entry {
    let type: Substring
    let subtype: Substring
    /// From 0, not at all, to 1.
    let quality: Double

    /// How exactly it names a type: not at all (nil), as anything, by its kind, by its name.
    func precision(for offer: String) -> Int? {
      let parts = offer.split(separator: "/")
      if type == "*", subtype == "*" { return 0 }
      guard type == parts[0] else { return nil }
      if subtype == "*" { return 1 }
      return subtype == parts[1] ? 2 : nil
    }
  }

  private let entries: [Entry]

  /// - Parameter header: with all lines of `Accept` in one; what is written wrongly in it is passed over, as if it were not
  ///   there. Empty where anything is taken.
  init(_ header: String) {
    entries = header.lowercased().split(separator: ",").compactMap { entry in
      let parts = entry.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      let names = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
      guard names.count == 2 else { return nil }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) } ?? 1
      guard let quality, (0...1).contains(quality) else { return nil }
      return Entry(type: names[0], subtype: names[1], quality: quality)
    }
  }

  /// The one of `offers` that is liked best: of equals that which is named more exactly, else the first. Nil where none is
  /// taken.
  func best(of offers: [String]) -> String? {
    guard !entries.isEmpty else { return offers.first }
    let ranks = offers.map { offer in
      entries.compactMap { entry in entry.precision(for: offer).map { (precision: $0, quality: entry.quality) } }
        .max { $0.precision < $1.precision } ?? (precision: 0, quality: 0)
    }
    let liked = offers.indices.filter { ranks[$0].quality > 0 }
    let best = liked.max { a, b in
      let (a, b, isLater) = (ranks[a], ranks[b], a > b)
      if a.quality != b.quality { return a.quality < b.quality }
      return a.precision == b.precision ? isLater : a.precision < b.precision
    }
    return best.map { offers[$0] }
  }
}

extension Request {
  /// The one of `types` to answer with; the first where the client does not care.
  func preferred(of types: String...) -> String { accepted.best(of: types) ?? types[0] }

  /// - Throws: ``Problem`` where the client takes none of `types`.
  func requireAcceptance(of types: [String]) throws {
    guard accepted.best(of: types) == nil else { return }
    throw Problem(.notAcceptable, "none of the accepted types is one of the answer's: \(types.joined(separator: ", "))")
  }

  private var accepted: AcceptedTypes { AcceptedTypes(headers[values: .accept].joined(separator: ",")) }
}
