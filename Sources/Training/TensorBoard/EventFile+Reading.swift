import Files
import Foundation

extension EventFile {
  /// A picture that an event file holds.
  public struct StoredPicture: Sendable {
    /// The step that it was written under; in a run's files the images seen.
    public let step: Int
    fileprivate let file: URL
    fileprivate let record: Range<Int>
    fileprivate let tag: String

    /// Nil where the file has changed.
    public var png: Data? {
      guard let data = try? Data(contentsOf: file, options: .alwaysMapped), record.upperBound <= data.count else {
        return nil
      }
      return EventFile.picture(tag, in: data[record])
    }
  }

  /// The pictures under a tag in all event files of a folder, by ascending step: of a run that was resumed those that it went on
  /// from, as TensorBoard shows them. What a crash left of a last record is passed over.
  ///
  /// ```swift
  /// for picture in EventFile.pictures(tagged: RunEvents.samplesTag, in: URL(filePath: "runs/first")) { print(picture.step) }
  /// ```
  public static func pictures(tagged tag: String, in folder: URL) -> [StoredPicture] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted().reduce(into: []) { pictures, name in
      let file = folder.appending(path: name)
      guard let data = try? Data(contentsOf: file, options: .alwaysMapped) else { return }
      for record in records(in: data) {
        guard let event = try? TensorBoardEvent(serializedBytes: data[record]) else { return }
        if case .sessionLog(let log)? = event.what, log.status == .start {
          pictures.removeAll { $0.step >= Int(event.step) }
        } else if picture(tag, in: event) != nil {
          pictures.append(StoredPicture(step: Int(event.step), file: file, record: record, tag: tag))
        }
      }
    }
  }

  private static func picture(_ tag: String, in event: TensorBoardEvent) -> Data? {
    for value in event.summary.value where value.tag == tag {
      if case .image(let image)? = value.value { return image.encodedImageString }
    }
    return nil
  }

  fileprivate static func picture(_ tag: String, in record: Data) -> Data? {
    (try? TensorBoardEvent(serializedBytes: record)).flatMap { picture(tag, in: $0) }
  }

  /// Where the data of each whole record lies.
  private static func records(in data: Data) -> [Range<Int>] {
    var records: [Range<Int>] = []
    var at = 0
    while at + TFRecord.headerBytes <= data.count {
      let length = data[at..<at + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let start = at + TFRecord.headerBytes
      guard length <= UInt64(data.count - start), start + Int(length) + TFRecord.footerBytes <= data.count else {
        break
      }
      records.append(start..<start + Int(length))
      at = start + Int(length) + TFRecord.footerBytes
    }
    return records
  }
}
