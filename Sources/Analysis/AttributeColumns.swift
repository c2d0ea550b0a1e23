import Datasets

/// What is known of a data set's images as yes or no: its binary attributes, and each of its classes against the rest.
///
/// ```swift
/// let train = try DatasetSource(parsing: "fashion-mnist").openTraining(seed: 0).train
/// let columns = AttributeColumns(of: train)
/// let bag = try columns.numbers(of: ["bag"])[0]
/// print(columns.value(bag, at: 0) == true ? "a bag" : "something else")
/// ```
public struct AttributeColumns: Sendable {
  /// The names of the attributes, then those of the classes; column i is the one that name i says.
  public let names: [String]
  private let dataset: any ImageDataset
  private let sources: [Source]

  private enum Source { case attribute(Int), label(Int) }

  /// A class with an attribute's name is called `NAME (class)`.
  public init(of dataset: any ImageDataset) {
    let attributes = dataset.attributeNames
    self.dataset = dataset
    names =
      attributes + dataset.classNames.map { attributes.contains($0) ? "\($0) (class)" : $0 }
    sources = attributes.indices.map(Source.attribute) + dataset.classNames.indices.map(Source.label)
  }

  /// Whether image `index` has column `column`; nil where that is not known.
  public func value(_ column: Int, at index: Int) -> Bool? {
    switch sources[column] {
    case .attribute(let number): dataset.attribute(number, at: index)
    case .label(let number): dataset.label(at: index).map { $0 == number }
    }
  }

  /// The numbers of the columns named, in the order asked for.
  /// - Throws: ``AnalysisError`` for a name that is none of them.
  public func numbers(of names: [String]) throws -> [Int] {
    try names.map { name in
      guard let number = self.names.firstIndex(of: name) else {
        throw AnalysisError.attribute(
          name: name,
          problem: "is none of \(dataset.name)'s: "
            + (self.names.isEmpty ? "it has none" : self.names.joined(separator: ", ")))
      }
      return number
    }
  }
}

extension ImageDataset {
  /// The images that have at least one of the attributes or classes named.
  /// - Throws: ``AnalysisError`` for a name that is none of the data set's, or where no image is left.
  public func having(anyOf names: [String]) throws -> any ImageDataset {
    let columns = AttributeColumns(of: self)
    let numbers = try columns.numbers(of: names)
    let indices = (0..<count).filter { index in numbers.contains { columns.value($0, at: index) == true } }
    guard !indices.isEmpty else {
      throw AnalysisError.dataset(
        name: name, problem: "no image of the \(split.rawValue) split has any of \(names.joined(separator: ", "))")
    }
    return DatasetSubset(of: self, indices: indices, as: split)
  }
}
