import Files
import Imaging

/// The files below one root, a folder or an archive: what the rules for pictures, ``PictureLayout``, are about.
///
/// A path is relative to the root, with "/" between its parts, as ``pathText(_:)`` writes it. Paths are told apart by their
/// bytes: a key is an `ExactName`.
protocol FileTree: Sendable {
  /// For messages: the path of the folder or of the archive.
  var location: String { get }
  /// Every file that can be read, hidden ones too, in the order of `isOrderedBefore`.
  var paths: [String] { get }
  /// The most pixels of a picture, width times height.
  var pixelLimit: Int { get set }
  /// What else is there.
  var strays: [TreeStray] { get }
  /// The bytes of a file, or the first `limit` of them, from any thread.
  /// - Throws: `ImagingError` or `DatasetError` with the `name` of the file.
  func read(_ path: String, atMost limit: Int) throws -> [UInt8]
  /// Size and kind of a picture, without decoding it.
  func header(of path: String) throws -> ImageHeader
  func picture(at path: String) throws -> PixelImage
  /// The middle of a picture at another size; a JPEG may be decoded at a reduced scale for it.
  func picture(at path: String, fittedTo shape: ImageShape) throws -> PixelImage
  /// By which a picture's file is known to be unchanged; nil where that is not known.
  func stamp(of path: String) -> FileStamp?
  /// What messages call a file: its path, or for one in an archive `photos.zip: cats/1.png`.
  func name(of path: String) -> String
}

extension FileTree {
  var strays: [TreeStray] { [] }
  func read(_ path: String) throws -> [UInt8] { try read(path, atMost: .max) }

  func header(of path: String) throws -> ImageHeader {
    try ImageHeader(
      of: SequentialBytes { try read(path, atMost: $0) }, name: name(of: path), pixelLimit: pixelLimit)
  }

  func holds(_ path: String) -> Bool {
    let number = paths.partitioningIndex { !isOrderedBefore($0, path) }
    return number < paths.count && ExactName(paths[number]) == ExactName(path)
  }

  func picture(at path: String) throws -> PixelImage {
    try PixelImage(decoding: read(path), name: name(of: path), pixelLimit: pixelLimit)
  }

  func picture(at path: String, fittedTo shape: ImageShape) throws -> PixelImage {
    try PixelImage(
      decoding: read(path), name: name(of: path), fittedTo: (shape.width, shape.height), channels: shape.channels,
      pixelLimit: pixelLimit)
  }

  func stamp(of path: String) -> FileStamp? { nil }
}

/// What a tree holds beside files.
struct TreeStray: Sendable, Equatable {
  enum Kind: Sendable {
    /// A link to nothing, to itself, or to what may not be looked at.
    case deadLink
    /// A link to a folder whose files are in the tree already, or that holds such a folder.
    case repeatedLink
    /// A pipe, socket or device.
    case special
    case emptyFolder
    /// A link in an archive, which leads to no file of the archive.
    case archivedLink
    /// A file in a tar file that is kept with holes.
    case sparse
    /// A file in an archive whose name leads out of it by `..`.
    case outside
    /// A file in an archive that has no name, or nothing but slashes.
    case nameless
    /// A file in an archive that holds a later one of its name.
    case replaced
  }

  let path: String
  let kind: Kind
}

/// The order of images.
func isOrderedBefore(_ a: String, _ b: String) -> Bool { ExactName(a) < ExactName(b) }

/// A path or a name as text, other for other bytes: what is not UTF-8 is written as `\xE9`, and the backslash of a name that
/// has these very characters as `\x5C`.
func pathText(_ bytes: some Collection<UInt8>) -> String {
  let bytes = escapingBackslashes(in: bytes)
  if let text = String(validating: bytes, as: UTF8.self) { return text }
  var text = ""
  var decoder = UTF8()
  var rest = bytes[...]
  while !rest.isEmpty {
    var iterator = rest.makeIterator()
    decoder = UTF8()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) {
      text.unicodeScalars.append(scalar)
      rest = rest.dropFirst(UTF8.width(scalar))
    } else {
      text += "\\x" + (rest.first! < 16 ? "0" : "") + String(rest.first!, radix: 16, uppercase: true)
      rest = rest.dropFirst()
    }
  }
  return text
}

/// Those before an `x` and two digits of a hexadecimal number.
private func escapingBackslashes(in bytes: some Collection<UInt8>) -> [UInt8] {
  let bytes = Array(bytes)
  guard bytes.contains(UInt8(ascii: "\\")) else { return bytes }
  return bytes.indices.flatMap { place -> [UInt8] in
    let digits = bytes[place...].dropFirst(2).prefix(2)
    let isEscape = bytes[place...].starts(with: "\\x".utf8) && digits.count == 2 && digits.allSatisfy(isHexadecimal)
    return isEscape ? Array("\\x5C".utf8) : [bytes[place]]
  }
}

/// In capitals, as ``pathText(_:)`` writes them.
private func isHexadecimal(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
}
