import Files
import Foundation
import Imaging

/// The samples of one tar file, as the WebDataset library takes them: the members whose names are alike up to the first
/// dot of their last part, such as `0001.jpg`, `0001.cls` and `0001.json`.
///
/// A label is the text of `.cls`, a whole number as a rule, else the field `label`, `cls` or `class` of `.json`, a whole
/// number or a text. Other members are counted.
struct TarSamples {
  struct Picture {
    let member: ArchiveMember
    var label: SampleLabel?
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

  /// - Throws: `DatasetError`, naming the file and the member.
  init(of tar: TarFile) throws {
    var (pictureOfKey, texts, labels) = ([String: Int](), [String: ArchiveMember](), [String: ArchiveMember]())
    for member in tar.contents.members where !isHidden(member.name) {
      let (key, ending) = Self.parts(of: member.name)
      switch ending {
      case "cls": labels[key] = member
      case "json": texts[key] = member
      case _ where Self.pictureEndings.contains(ending):
        if let known = pictureOfKey[key] {
          // Of files of one name the last counts, as it does where archives are unpacked.
          if pictures[known].member.name == member.name {
            pictures[known] = Picture(member: member)
            unused.replaced += 1
          } else {
            unused.seconds += 1
          }
        } else {
          pictureOfKey[key] = pictures.count
          pictures.append(Picture(member: member))
        }
      default: unused.endings[ending, default: 0] += 1
      }
    }
    unused.lonely =
      labels.keys.count { pictureOfKey[$0] == nil } + texts.keys.count { pictureOfKey[$0] == nil && labels[$0] == nil }
    for (key, number) in pictureOfKey {
      if let member = labels[key] {
        pictures[number].label = try Self.label(of: member, in: tar)
      } else if let member = texts[key] {
        pictures[number].label = try Self.label(inJSON: member, in: tar)
        if pictures[number].label == nil { unused.plainJSON += 1 }
      }
    }
  }

  /// The name up to the first dot of its last part, and what follows in small letters.
  private static func parts(of name: String) -> (key: String, ending: String) {
    let start = name.utf8.lastIndex(of: UInt8(ascii: "/")) ?? name.startIndex
    guard let dot = name.utf8[start...].firstIndex(of: UInt8(ascii: ".")) else { return (name, "") }
    return (String(name[..<dot]), name[name.utf8.index(after: dot)...].lowercased())
  }

  private static func label(of member: ArchiveMember, in tar: TarFile) throws -> SampleLabel {
    let bytes = try tar.read(member, atMost: longestLabel)
    let text = String(validating: bytes, as: UTF8.self)?.trimmingCharacters(in: .whitespacesAndNewlines)
    guard let text, !text.isEmpty, member.byteCount <= longestLabel, !text.contains(where: \.isNewline) else {
      throw DatasetError.wrongField(
        file: tar.title(of: member.name), field: "label", expected: "a whole number or a name, in one line",
        found: text.map { $0.isEmpty ? "nothing" : "\"\($0.prefix(40))\"" } ?? "bytes that are no text")
    }
    return SampleLabel(text)
  }

  private static func label(inJSON member: ArchiveMember, in tar: TarFile) throws -> SampleLabel? {
    guard member.byteCount <= longestJSON else {
      throw DatasetError.wrongField(
        file: tar.title(of: member.name), field: "length", expected: "at most \(longestJSON) bytes of JSON",
        found: "\(member.byteCount)")
    }
    let bytes = try tar.read(member, atMost: longestJSON)
    // Most JSON in use holds captions and where they came from; only what may hold a label is parsed.
    let keys = SampleFields.CodingKeys.allCases.map { Array("\"\($0.rawValue)\"".utf8) }
    guard keys.contains(where: { !bytes.ranges(of: $0).isEmpty }) else { return nil }
    do { return try JSONFile.decode(SampleFields.self, from: Data(bytes)).label } catch {
      throw DatasetError.wrongField(
        file: tar.title(of: member.name), field: "JSON",
        expected: "an object whose label, if it has one, is a whole number or a text", found: "\(error)")
    }
  }
}

/// What a sample shows.
enum SampleLabel: Hashable, Comparable {
  /// Before names.
  case number(Int)
  case name(String)

  init(_ text: String) { self = Int(text).map { .number($0) } ?? .name(text) }

  var text: String {
    switch self {
    case .number(let number): "\(number)"
    case .name(let name): name
    }
  }
}

/// The fields of a sample's JSON that may hold its label; the first that is there counts.
private struct SampleFields: Decodable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case label
    case cls
    case `class`
  }

  let label: SampleLabel?

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    for key in CodingKeys.allCases where try fields.contains(key) && !fields.decodeNil(forKey: key) {
      label =
        try (try? fields.decode(Int.self, forKey: key)).map { .number($0) }
        ?? SampleLabel(fields.decode(String.self, forKey: key))
      return
    }
    label = nil
  }
}
