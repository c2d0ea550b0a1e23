import Foundation

/// Small pictures by libwebp.
package enum WebPFixtures {
  /// Lossless, 5x3: byte `i` of the RGB pixels is `5 * i`.
  package static let lossless = bytes(
    """
    UklGRkAAAABXRUJQVlA4TDMAAAAvBIAAAHcgJEgS2f+LvTAPato2YPGfdMx/wt5AQSNJzfdC14IntOAJLQiL6H+sLefm+wMA
    """)

  /// Lossless with alpha, 2x1: RGBA (200, 100, 50, 255) and (10, 20, 30, 0).
  package static let transparent = bytes(
    """
    UklGRiIAAABXRUJQVlA4TBUAAAAvAQAAEA9wCqgr+J7CY/6DFhnR/wAA
    """)

  /// Lossy at quality 95, 16x8: the left half (200, 30, 40), the right half (20, 60, 220).
  package static let lossy = bytes(
    """
    UklGRkQAAABXRUJQVlA4IDgAAABQAgCdASoQAAgAAIAIJaACdLoB+AH6gf0AB5AA/v2P///AEx/7kADKVs7/3YF//cafbLId/8auAA==
    """)

  /// Two frames.
  package static let animated = bytes(
    """
    UklGRsAAAABXRUJQVlA4WAoAAAACAAAAAQAAAQAAQU5JTQYAAAAAAAAAAABBTk1GRgAAAAAAAAAAAAEAAAEAAAAAAAJWUDggLgAAADAB
    AJ0BKgIAAgABQCYloAADcAD+8U2v/62/HP5rqb//94z//7jP//uM/+RAAABBTk1GRgAAAAAAAAAAAAEAAAEAAAAAAABWUDggLgAAADQB
    AJ0BKgIAAgAAACYloAADcAD+8JCj/+HPtj97GP///efP/+58//7nz/nGAAA=
    """)

  private static func bytes(_ text: String) -> [UInt8] {
    Array(Data(base64Encoded: text, options: .ignoreUnknownCharacters)!)
  }
}
