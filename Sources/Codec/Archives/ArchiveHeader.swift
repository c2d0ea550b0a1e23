import Files

/// What an archive says before its blocks.
public struct ArchiveHeader: Hashable, Sendable {
  static let magic: [UInt8] = [0x89, 0x47, 0x4c, 0x5a, 0x0d, 0x0a, 0x1a, 0x0a]
  /// Readers take files of the same major version, and of any minor one.
  static let version: (major: UInt16, minor: UInt16) = (1, 1)
  /// Sums as chains of fused multiply-adds in single precision.
  static let profile: UInt8 = 1
  private static let mostBytes = 4096

  /// Of the format, after the major number.
  private var minorVersion = version.minor
  /// Columns of pixels of a tile, and of the model's images.
  public var tileWidth: Int
  /// Rows of pixels of a tile, and of the model's images.
  public var tileHeight: Int
  /// Of the model's images, and so of all pictures.
  public var channels: Int
  /// Of the model's values; with 8, or with hidden bits, pictures have 8.
  public var bits: Int
  /// How fine the numbers are that the tiles were coded by.
  public var grid: CodeGrid
  /// Of what the model is told of each picture.
  public var kind: ConditionKind
  /// Whether the bits that the model does not know are stored, too.
  public var keepsHiddenBits: Bool
  /// The one that the tiles were coded by, and that reading needs.
  public var model: ModelIdentity
  /// What the model was called where the archive was made.
  public var modelName: String
  /// The same, fit for one line of a terminal: whoever wrote the archive had a say in it.
  public var printableModelName: String { printable(modelName, limit: 100) }

  /// Whether tiles of one picture lie beside each other in mosaics, as they do since version 1.1.
  var keepsPlaces: Bool { minorVersion >= 1 }

  var bytes: [UInt8] {
    var body = ByteWriter()
    let labels = if case .labels(let count) = kind { count } else { 0 }
    body.append([Self.profile, UInt8(channels), UInt8(bits), UInt8(grid.numberBits), UInt8(grid.scaleBits)])
    body.append([keepsHiddenBits ? 1 : 0])
    for number in [tileWidth, tileHeight, labels] { body.append(varying: number) }
    body.append(model.digest)
    body.append(model.arithmetic)
    let name = Array(modelName.utf8.prefix(255))
    body.append(varying: name.count)
    body.append(name)
    if case .attributes(let count) = kind { body.append(varying: count) } else { body.append(varying: 0) }
    var writer = ByteWriter()
    writer.append(Self.magic)
    writer.append(Self.version.major)
    writer.append(minorVersion)
    writer.append(UInt32(body.bytes.count))
    writer.append(body.bytes)
    writer.append(checksum(of: body.bytes))
    return writer.bytes
  }

  /// Bytes before the body.
  static let fixedBytes = magic.count + 8

  /// How long a header is whose first ``fixedBytes`` are these.
  static func byteCount(_ start: [UInt8]) throws -> Int {
    var reader = ByteReader(start)
    guard Array(try reader.take(magic.count)) == magic else { throw Damage("is no archive of Glow") }
    let major: UInt16 = try reader.number()
    guard major == version.major else {
      throw Damage("has version \(major) of the format, this program reads version \(version.major)")
    }
    _ = try reader.number(UInt16.self)
    let count = Int(try reader.number(UInt32.self))
    guard count <= mostBytes else { throw Damage("has a header that is damaged") }
    return fixedBytes + count + 4
  }

  init(_ bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    _ = try reader.take(Self.magic.count + 2)
    minorVersion = try reader.number()
    _ = try reader.number(UInt32.self)
    let body = try reader.take(reader.remaining - 4)
    guard checksum(of: Array(body)) == (try reader.number()) else { throw Damage("has a header that is damaged") }
    reader = ByteReader(body)
    guard try reader.number(UInt8.self) == Self.profile else {
      throw Damage("was written with arithmetic that this program does not have")
    }
    let numbers = Array(try reader.take(5)).map(Int.init)
    (channels, bits) = (numbers[0], numbers[1])
    grid = CodeGrid(numberBits: numbers[2], scaleBits: numbers[3])
    keepsHiddenBits = numbers[4] == 1
    tileWidth = try reader.varying(upTo: 1 << 14)
    tileHeight = try reader.varying(upTo: 1 << 14)
    let labels = try reader.varying(upTo: 1 << 20)
    model = ModelIdentity(digest: Array(try reader.take(32)), arithmetic: try reader.number())
    let count = try reader.varying(upTo: 255)
    modelName = String(decoding: try reader.take(count), as: UTF8.self)
    let attributes = minorVersion >= 1 ? try reader.varying(upTo: 1 << 16) : 0
    kind = labels > 0 ? .labels(labels) : attributes > 0 ? .attributes(attributes) : .none
    guard [1, 3].contains(channels), (1...8).contains(bits), (8...20).contains(grid.numberBits),
      (4...20).contains(grid.scaleBits), tileWidth > 0, tileHeight > 0
    else { throw Damage("has a header that makes no sense") }
  }

  /// Takes the fields as they are; the version is this program's.
  public init(
    tileWidth: Int, tileHeight: Int, channels: Int, bits: Int, grid: CodeGrid, kind: ConditionKind,
    keepsHiddenBits: Bool,
    model: ModelIdentity, modelName: String
  ) {
    self.tileWidth = tileWidth
    self.tileHeight = tileHeight
    self.channels = channels
    self.bits = bits
    self.grid = grid
    self.kind = kind
    self.keepsHiddenBits = keepsHiddenBits
    self.model = model
    self.modelName = modelName
  }
}

/// CRC-32C.
func checksum(of bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.value(of: $0) } }
