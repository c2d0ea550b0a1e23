import NIOCore
import NIOHTTP1

/// The bytes of a request's head as they came. A parser that gives up says less of what is wrong than they do.
struct HeadBytes {
  private var bytes: [UInt8] = []

  /// More than the parser takes.
  private static let most = 64 << 10

  mutating func append(_ buffer: ByteBuffer) {
    bytes += buffer.readableBytesView.prefix(max(0, Self.most - bytes.count))
  }

  func problem(_ error: HTTPParserError) -> Problem {
    guard beginsWithMethod else { return RequestCheck.problem(error) }
    if hasOtherLineEnds { return Problem(.badRequest, "a line of the request does not end with CR and LF") }
    switch error {
    case .invalidMethod: return RequestCheck.unknownMethod
    case .unknown where holdsTransferEncoding: return Problem(.badRequest, RequestCheck.chunkedOnce)
    default: return RequestCheck.problem(error)
    }
  }

  /// In what has come of the head.
  private var hasOtherLineEnds: Bool {
    let pairs = zip(bytes, bytes.dropFirst())
    let (carriageReturn, lineFeed) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
    return bytes.first == lineFeed
      || pairs.contains { ($0 == carriageReturn) != ($1 == lineFeed) }
  }

  /// A word and a space behind it (RFC 9112, section 3), in letters of any size.
  private var beginsWithMethod: Bool {
    let word = bytes.prefix { $0 != UInt8(ascii: " ") }
    return !word.isEmpty && word.count < bytes.count && word.allSatisfy(Self.isOfAToken)
  }

  private static func isOfAToken(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
  }

  private var holdsTransferEncoding: Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { line in
      line.prefix(18).elementsEqual("transfer-encoding:".utf8) { $0 | 0x20 == $1 | 0x20 }
    }
  }
}
