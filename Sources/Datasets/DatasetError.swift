import Files
import Foundation
import Imaging

/// What can be wrong with a data set. Each case reads as a sentence or two: which file, which field, what was expected
/// and found, what to do. Pictures that cannot be read throw `ImagingError` instead.
public enum DatasetError: Error, Sendable, Equatable {
  /// There is no such file; `advice` is what to do, the rest of a sentence.
  case missingFile(file: String, advice: String)
  /// There is no such folder.
  case missingFolder(folder: String)
  /// The system does not let a file be read.
  case unreadable(file: String, reason: String)
  /// The system does not let a folder be listed.
  case unreadableFolder(folder: String, reason: String)
  /// A stated or implied number in a file is not what it has to be.
  case wrongField(file: String, field: String, expected: String, found: String)
  /// The file ends early.
  case truncated(file: String, field: String, expectedBytes: Int, foundBytes: Int)
  /// The contents of a gzip file cannot be unpacked.
  case damagedGzip(file: String, reason: String)
  /// - Parameter notes: what there is instead, a sentence each.
  case noImages(folder: String, notes: [String] = [])
  /// A folder with splits, `found`, that lacks one.
  case missingSplit(folder: String, split: DatasetSplit, found: [String])
  /// Two folders that are named as one split.
  case twoSplitFolders(folder: String, split: DatasetSplit, first: String, second: String)
  /// A set of `count` images from which no split can be cut; `needed` are enough.
  case tooFewImages(name: String, split: DatasetSplit, count: Int, needed: Int)
  /// Two pictures of one set have unlike sizes, as `width x height`, and none was asked for.
  case mixedSizes(first: String, firstSize: String, second: String, secondSize: String)
  /// A file of an open image folder no longer has the size it had.
  case changedSize(file: String, expected: String, found: String)
  /// A picture that a table of attributes does not name.
  case missingAttributes(file: String, picture: String)
  /// A picture from which a crop of so many pixels a side cannot be taken.
  case smallerThanCrop(file: String, size: String, crop: Int)
  /// `member` is nil where the archive as a whole is at fault.
  case damagedZip(file: String, member: String?, reason: String)
  /// A tar archive cannot be read.
  case damagedTar(file: String, reason: String)
  /// An archive whose files cannot be read at random, the program that unpacks it, and what comes out; `rename` is the name
  /// that the program needs, where the file has another.
  case packedArchive(file: String, program: String, result: String, rename: String? = nil)
  /// An LMDB database cannot be read.
  case damagedLMDB(file: String, reason: String)
  /// A checksum, such as an MD5 sum, is not the one that is stored or published.
  case wrongChecksum(file: String, kind: String, expected: String, found: String)
  /// More images of a ``SkippingDataset`` cannot be read than may be; `last` says what is wrong with the last one.
  case tooManyDamaged(name: String, limit: Int, last: String)
  /// None of the images of a ``SkippingDataset``, or of a class of it, can be read.
  case noneReadable(name: String, split: DatasetSplit, className: String?)
  /// Splits that do not belong together.
  case unlikeSplits(name: String, first: DatasetSplit, second: DatasetSplit, what: String)
  /// What was to be made is there already.
  case exists(path: String)
  /// A file or a folder cannot be made or written.
  case unwritable(path: String, reason: String)
  /// An option of a source, as in `lsun-tower,crop=96:FOLDER`.
  case wrongOption(source: String, option: String, expected: String)
  /// A text that names no data set.
  case unknownSource(text: String)
  /// A batch was asked of a stream after `close()`.
  case closed
}

extension DatasetError: LocalizedError, CustomStringConvertible {
  public var errorDescription: String? { description }

  public var description: String { printable(sentence) }

  private var sentence: String {
    switch self {
    case .missingFile(let file, let advice):
      "\(file): there is no such file; \(advice)."
    case .missingFolder(let folder):
      "\(folder): there is no such folder; "
        + (MadeSet(folder: folder).map { "`\($0.command)` makes it." }
          ?? "expected a folder of pictures or of the files of a data set.")
    case .unreadable(let file, let reason):
      "\(file): the file could not be read (\(reason))."
    case .unreadableFolder(let folder, let reason):
      "\(folder): the folder could not be read (\(reason))."
    case .wrongField(let file, let field, let expected, let found):
      "\(file): the \(field) should be \(expected), found \(found)."
    case .truncated(let file, let field, let expectedBytes, let foundBytes):
      "\(file): the file ends inside its \(field); expected \(expectedBytes) bytes, found \(foundBytes)."
    case .damagedGzip(let file, let reason):
      "\(file): the gzip data cannot be unpacked (\(reason)); fetch the file again."
    case .noImages(let folder, let notes):
      "\(folder): no pictures in it; expected files named ."
        + PictureExtensions.read.joined(separator: ", .") + (notes.map { "; " + $0 }.joined()) + "."
    case .missingSplit(let folder, let split, let found):
      "\(folder): there is no \(split.rawValue) folder; found only \(found.joined(separator: ", "))."
    case .twoSplitFolders(let folder, let split, let first, let second):
      "\(folder): \(first) and \(second) are both named as the \(split.rawValue) split; put their pictures into one, or "
        + "move one away."
    case .tooFewImages(let name, let split, let count, let needed):
      "\(name): \(count) \(count == 1 ? "image" : "images") cannot give a \(split.rawValue) split; "
        + "at least \(needed) are needed."
    case .mixedSizes(let first, let firstSize, let second, let secondSize):
      "\(first) is \(firstSize) pixels but \(second) is \(secondSize) (width x height); "
        + "give a size (--size) to crop and resize all pictures to."
    case .changedSize(let file, let expected, let found):
      "\(file): the picture should be \(expected) pixels (width x height), found \(found)."
    case .missingAttributes(let file, let picture):
      "\(file): no line for \(picture); expected one for every picture."
    case .smallerThanCrop(let file, let size, let crop):
      "\(file): the picture is \(size) pixels (width x height), too small for a crop of \(crop)x\(crop)."
    case .damagedZip(let file, let member, let reason):
      "\(file): \(member.map { "\($0) in the zip archive" } ?? "the zip archive") cannot be read (\(reason)); fetch "
        + "the file again."
    case .damagedTar(let file, let reason):
      "\(file): the tar archive cannot be read (\(reason)); make or fetch it again."
    case .packedArchive(let file, let program, let result, let rename):
      "\(file): pictures in this kind of archive cannot be read one by one; \(rename.map { "name it \($0), " } ?? "")"
        + "run `\(program)` on it and give \(result)."
    case .damagedLMDB(let file, let reason):
      "\(file): the LMDB database cannot be read (\(reason)); unpack it again."
    case .wrongChecksum(let file, let kind, let expected, let found):
      "\(file): the \(kind) should be \(expected), found \(found): the file is damaged; fetch or make it again."
    case .tooManyDamaged(let name, let limit, let last):
      "\(name): more images cannot be read than the \(limit) that may be skipped: \(last)"
    case .noneReadable(let name, let split, let className):
      "\(name): no \(split.rawValue) image\(className.map { " of class \($0)" } ?? "") can be read, so none can take the "
        + "place of those that cannot; mend the files, which `glow data check` names, or leave them out."
    case .unlikeSplits(let name, let first, let second, let what):
      "\(name): the splits \(first.rawValue) and \(second.rawValue) have different \(what); "
        + "they cannot be packed together."
    case .exists(let path):
      "\(path): there is something of that name already; remove it or name another folder."
    case .unwritable(let path, let reason):
      "\(path): cannot be written (\(reason))."
    case .wrongOption(let source, let option, let expected):
      "\(source): the option \"\(option)\" cannot be; expected \(expected)."
    case .unknownSource(let text):
      "\"\(text)\" is no data set; expected \(DatasetKinds.forms) or the path of a folder of pictures or packed "
        + "shards, or of a zip, tar or glz file of pictures; `glow data list` tells more."
    case .closed:
      "the stream of batches is closed; no more batches can be asked of it."
    }
  }
}
