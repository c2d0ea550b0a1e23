import Files
import Foundation
import Imaging

/// The samples of one tar file, as the WebDataset library takes them: the members whose names are alike up to the first
/// dot of their last part, such as `0001.jpg`, `0001.cls` and `0001.json`. Where no picture is named so, as in
/// `img.0001.jpg`, up to the last dot.
///
/// A label is the text of `.cls`, a whole number as a rule, else the field `label`, `cls` or `class` of `.json`, a whole
/// number or a text. Other members are counted.
struct TarSamples {
  struct Picture {
    let member: ArchiveMember
    fileprivate let key: ExactName
    fileprivate(set) var label: SampleLabel?
  }

  /// In the order of the file.
  private(set) var pictures: [Picture] = []
  private(set) var unused = UnusedMembers()
  /// Of all pictures.
  var byteCount: Int { pictures.reduce(0) { $0 + $1.member.byteCount } }

  /// A label or the text around it has no more bytes.
  private static let longestLabel = 200
  private static let pictureEndings = Set(PictureExtensions.read)
  private static let longestJSON = 1 << 20
  /// The first that is there counts.
  private static let fields = ["label", "cls", "class"]

  /// - Throws: `DatasetError`, naming the file and the member.
  init(of tar: TarFile) throws {
    let members = tar.contents.members.filter { !isHidden($0.name) }
    var own =
      members.contains { OwnFolder.isMark(fileName(of: $0.name)) }
      ? OwnFolders(in: ArchiveTree(of: tar, members, findingRoot: false)) : nil
    let atFirstDot = members.contains { Self.pictureEndings.contains(Self.parts(of: $0.name, atFirstDot: true).ending) }
    var (pictureOfKey, texts, labels) = ([ExactName: Int](), [ExactName: ArchiveMember](), [ExactName: ArchiveMember]())
    for member in members {
      let (key, ending) = Self.parts(of: member.name, atFirstDot: atFirstDot)
      switch ending {
      case _ where Self.pictureEndings.contains(ending):
        if own?.count(member.name) == true {
          unused.ofGlow += 1
        } else if let known = pictureOfKey[key] {
          // Of files of one name the last counts, as it does where archives are unpacked.
          if ExactName(pictures[known].member.name) == ExactName(member.name) {
            pictures[known] = Picture(member: member, key: key)
            unused.replaced += 1
          } else {
            unused.seconds += 1
          }
        } else {
          pictureOfKey[key] = pictures.count
          pictures.append(Picture(member: member, key: key))
        }
      case _ where own?.hold(member.name) == true: break
      case "cls": labels[key] = member
      case "json": texts[key] = member
      case _ where Self.pictureEndings.contains(fileExtension(of: member.name)): unused.dotted.append(member.name)
      default: unused.endings[ending, default: 0] += 1
      }
    }
    unused.lonely =
      labels.keys.count { pictureOfKey[$0] == nil } + texts.keys.count { pictureOfKey[$0] == nil && labels[$0] == nil }
    for number in pictures.indices {
      let key = pictures[number].key
      do {
        if let member = labels[key] {
          pictures[number].label = try Self.label(of: member, in: tar)
        } else if let member = texts[key] {
          pictures[number].label = try Self.label(inJSON: member, in: tar)
          if pictures[number].label == nil { unused.plainJSON += 1 }
        }
      } catch let damage as DamagedLabel { unused.damagedLabels.append(damage) }
    }
  }

  /// The name up to a dot of its last part, and what follows in small letters.
  private static func parts(of name: String, atFirstDot: Bool) -> (key: ExactName, ending: String) {
    let start = fileName(of: name).startIndex
    let part = name.utf8[start...]
    let dot = UInt8(ascii: ".")
    guard let dot = atFirstDot ? part.firstIndex(of: dot) : part.lastIndex(of: dot) else {
      return (ExactName(name), "")
    }
    return (ExactName(name[..<dot]), name[name.utf8.index(after: dot)...].lowercased())
  }

  private static func label(of member: ArchiveMember, in tar: TarFile) throws -> SampleLabel {
    let bytes = try tar.read(member, atMost: longestLabel)
    func damaged(_ problem: String) -> DamagedLabel {
      DamagedLabel(file: tar.title(of: member.name), problem: problem)
    }
    guard member.byteCount <= longestLabel else { throw damaged("\(member.byteCount) bytes") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw damaged("bytes that are no text") }
    let label = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !label.isEmpty else { throw damaged("nothing") }
    guard !label.contains(where: \.isNewline) else { throw damaged("several lines") }
    return SampleLabel(label)
  }

  /// - Returns: nil for JSON that has none of the fields.
  private static func label(inJSON member: ArchiveMember, in tar: TarFile) throws -> SampleLabel? {
    func damaged(_ problem: String) -> DamagedLabel {
      DamagedLabel(file: tar.title(of: member.name), problem: problem)
    }
    guard member.byteCount <= longestJSON else { throw damaged("\(member.byteCount) bytes of JSON") }
    let bytes = try tar.read(member, atMost: longestJSON)
    // Most JSON in use holds captions and where they came from; only what may hold a label, or ends early, is parsed.
    guard !isWhole(bytes) || fields.contains(where: { !bytes.ranges(of: Array("\"\($0)\"".utf8)).isEmpty }) else {
      return nil
    }
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes) } catch { throw damaged("\(error)") }
    guard case .object(let values) = json, let field = fields.first(where: { values[$0, default: .null] != .null })
    else {
      return nil
    }
    switch values[field]! {
    case .string(let text) where !text.isEmpty: return SampleLabel(text)
    case let value:
      if let number = value.integer { return SampleLabel("\(number)") }
      throw damaged("field \(field) is \(value.shown)")
    }
  }

  /// Whether an object has an end.
  private static func isWhole(_ json: [UInt8]) -> Bool {
    func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
    return json.first { !isSpace($0) } == UInt8(ascii: "{") && json.last { !isSpace($0) } == UInt8(ascii: "}")
  }
}

/// What a sample shows. Numbers stand before names, in their order; `1` and `01` are two labels.
struct SampleLabel: Hashable, Comparable {
  let name: ExactName
  private let number: Int?

  /// A whole number or a name.
  init(_ text: String) { (name, number) = (ExactName(text), Int(text)) }

  /// A name, even if it reads as a number.
  init(folder: Substring) { (name, number) = (ExactName(folder), nil) }

  static func < (a: SampleLabel, b: SampleLabel) -> Bool {
    (a.number == nil ? 1 : 0, a.number ?? 0, a.name) < (b.number == nil ? 1 : 0, b.number ?? 0, b.name)
  }
}
