import Datasets
import Files
import FlowModels
import Foundation
import ModelImages
import Synchronization

private let said = Mutex<Set<String>>([])

/// Says once what a person should know of data sets: what of their files is not used, and what is converted.
func warn(ofNotesOn datasets: (any ImageDataset)...) { warn(datasets.flatMap(\.notes)) }

/// Says each once.
func warn(_ notes: [String]) {
  for note in notes where said.withLock({ $0.insert(note).inserted }) { warn(note) }
}

/// Says of which attributes of a model nothing is known in a data set.
func warn(ofAttributesMissingIn dataset: any ImageDataset, for model: any FlowConfiguration) {
  let missing = model.attributesMissing(in: dataset)
  guard !missing.isEmpty else { return }
  warn([
    "the images of \(dataset.name) have "
      + (missing.count == model.attributeNames.count
        ? "none of the model's attributes: nothing is said of them"
        : "no attributes \(missing.joined(separator: ", ")): nothing is said of these")
  ])
}

extension DatasetSource {
  /// What --data says. A note tells of a folder that is taken in place of a set of its name.
  init(said text: String) throws {
    try self.init(naming: text)
    guard let word = try? DatasetSource(parsing: text), word != self else { return }
    warn(["\(text) is the folder here, not the set of that name, which is \(text):\(word.folder.path)"])
  }

  /// What --data says, so that it means the same in every folder.
  static func text(of said: String) throws -> String {
    let source = try DatasetSource(said: said)
    return (try? DatasetSource(parsing: said)) == source ? said : source.description
  }
}

extension ImageDataset {
  /// The classes and attributes of the images, by name.
  var labelSummary: String {
    func summary(_ names: [String], _ one: String, _ many: String) -> String {
      guard !names.isEmpty else { return "no \(many)" }
      let shown = names.prefix(10).map { printable($0, limit: 40) } + (names.count > 10 ? ["..."] : [])
      return "\(names.count) \(names.count == 1 ? one : many) (\(shown.joined(separator: ", ")))"
    }
    return summary(classNames, "class", "classes") + ", " + summary(attributeNames, "attribute", "attributes")
  }

  /// What saves decoding pictures that are much larger than the images made of them; nil where it would save little, and
  /// where they are decoded once in a run.
  /// - Parameter budget: bytes of pictures that the run keeps.
  func packingAdvice(for source: DatasetSource, seed: UInt64, keeping budget: Int) -> String? {
    guard let sourcePixels, sourcePixels >= LargePictures.leastPixels,
      sourcePixels >= LargePictures.leastRatio * shape.height * shape.width, count > budget / shape.elementCount
    else { return nil }
    let size = shape.height == shape.width ? "\(shape.height)" : "\(shape.height)x\(shape.width)"
    let folder = quoted(source.folder.path + "-" + size)
    return String(format: "the pictures have %.1f megapixels on average", Double(sourcePixels) / 1e6)
      + ", and the picture cache holds \(budget / shape.elementCount) of \(count): the others are decoded anew in each epoch; "
      + "to decode them once: glow data pack \(quoted(source.description)) --size \(size)"
      + (seed == 0 ? "" : " --seed \(seed)") + " --out \(folder), then train with --data \(folder)"
  }
}

/// From when on packing is worth a word: decoding a picture takes time by its own pixels, training by the image's.
private enum LargePictures {
  static let leastRatio = 16
  static let leastPixels = 500_000
}

/// A word of a command as a shell takes it.
private func quoted(_ word: String) -> String {
  let plain = word.utf8.allSatisfy { byte in
    let character = Character(UnicodeScalar(byte))
    return character.isLetter || character.isNumber || "/._-:,=+@%".contains(character)
  }
  return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
