import ModelImages
import ArgumentParser
import Datasets
import FlowModels
import Foundation
import Imaging
import Torch

/// The images that a command works on: picture files, or images of a data set.
struct ImageInputs: ParsableArguments {
  @Argument(help: "Picture files (PNG, JPEG, WebP); without any, images of --data.", completion: Completions.picture)
  var files: [String] = []
  @Option(
    help: "As in train; by default what the model was trained on, else fashion-mnist.", completion: Completions.data)
  var data: String?
  @Option(help: "Of --data: train, validation or test; by default test.") var split: DatasetSplit?
  @Option(
    help: "Numbers of images in the split, such as 0,5,17; by default as many as are taken, spread evenly over it.")
  var indices: Numbers?
  @Option(help: "Of the pictures, for a conditional model; by default a data set's own, else the most likely.")
  var label: String?

  @Option(help: "The most pixels of a picture file, width times height.")
  var pixelLimit = PixelImage.defaultPixelLimit

  struct Numbers: ExpressibleByArgument {
    let values: [Int]

    init?(argument: String) {
      let numbers = argument.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard !numbers.isEmpty, numbers.allSatisfy({ $0 != nil && $0! >= 0 }) else { return nil }
      values = numbers.map { $0! }
    }
  }

  func validate() throws {
    try requirePixelLimit(pixelLimit)
    let ofData = [("data", data != nil), ("split", split != nil), ("indices", indices != nil)]
    if !files.isEmpty, let flag = ofData.first(where: \.1) {
      throw ValidationError(
        "--\(flag.0) takes images of a data set, and picture files are named: leave one of both out")
    }
    if let place = files.first(where: isSetOfPictures) {
      throw ValidationError(
        "\(place) is a \(FileIdentity.isFolder(place) ? "folder" : "set") of pictures, and picture files are taken one by one: "
          + "name them, or take images of it with --data \(place) --split train")
    }
  }

  private func isSetOfPictures(_ file: String) -> Bool {
    FileIdentity.isFolder(file) || ["zip", "tar", "glz"].contains(URL(filePath: file).pathExtension.lowercased())
  }

  /// Images as a model takes them, in the centers of their cells.
  struct Images {
    /// uint8 `[count, height, width, channel]`.
    let pixels: Tensor
    let x: Tensor
    /// As of every pass (`FlowModel`).
    let labels: Tensor?

    var count: Int { pixels.shape[0] }
  }

  /// Refuses a limit where it is said which images to take.
  func requireMeaning(ofLimit limit: Int?) throws {
    guard let limit else { return }
    guard limit > 0 else { throw ValidationError("--limit is \(limit), expected 1 or more") }
    guard files.isEmpty, indices == nil else {
      throw ValidationError("--limit is of --data without --indices: leave it out where images are named")
    }
  }

  /// - Parameter count: how many images to take of a data set where `--indices` does not say.
  func read(for model: any FlowModel, from place: ModelPlace, count: Int) throws -> Images {
    let (bytes, known) = try files.isEmpty ? fromDataset(model, place, count) : (fromFiles(model), nil)
    let pixels = try model.pixels(bytes)
    let x = try model.images(of: pixels)
    return Images(pixels: pixels, x: x, labels: try labels(of: x, known, for: model))
  }

  /// - Parameter known: labels or attributes that the images have.
  private func labels(of x: Tensor, _ known: Tensor?, for model: any FlowModel) throws -> Tensor? {
    guard model.configuration.classCount > 0 else {
      if let label { _ = try labelIndex(label, of: model) }
      guard !model.configuration.attributeNames.isEmpty else { return nil }
      if let known { return known }
      warn("the attributes of the images are not known: each is taken to have those that are most likely")
      return try model.mostLikelyAttributes(x)
    }
    if let label {
      return try Tensor([Int](repeating: labelIndex(label, of: model), count: x.shape[0]), on: model.options.device)
    }
    if let known { return known }
    warn(
      "the images have none of the model's labels: each is taken under its most likely one; name another with --label")
    return try model.mostLikelyLabels(x)
  }

  private func fromFiles(_ model: any FlowModel) throws -> [UInt8] {
    let configuration = try model.pictureShape()
    return try files.flatMap { file in
      let picture = try PixelImage(contentsOf: URL(filePath: file), pixelLimit: pixelLimit)
      if picture.width != configuration.width || picture.height != configuration.height {
        warn(
          "\(file) is \(picture.width)x\(picture.height): cropped and resized to "
            + "\(configuration.width)x\(configuration.height)")
      }
      return picture.converted(toChannels: configuration.channels)
        .fitted(width: configuration.width, height: configuration.height).pixels
    }
  }

  private func fromDataset(
    _ model: any FlowModel, _ place: ModelPlace, _ count: Int
  ) throws -> (bytes: [UInt8], labels: Tensor?) {
    let dataset = try ModelData(data, for: model.configuration, at: place).openWhole(split ?? .test)
    let numbers = indices?.values ?? dataset.evenIndices(count)
    if let wrong = numbers.first(where: { $0 >= dataset.count }) {
      throw ValidationError(
        "--indices \(wrong): the \((split ?? .test).rawValue) split has images 0 to \(dataset.count - 1)")
    }
    let bytes = try numbers.flatMap { try dataset.image(at: $0).pixels }
    let attributes = model.configuration.attributeNames
    guard attributes.isEmpty else {
      let missing = model.configuration.attributesMissing(in: dataset)
      if missing.count == attributes.count { return (bytes, nil) }
      warn(ofAttributesMissingIn: dataset, for: model.configuration)
      return (bytes, try model.attributes(of: numbers, in: dataset))
    }
    let labels = numbers.compactMap { dataset.label(at: $0) }
    let same = labels.count == numbers.count && model.configuration.hasLabels(dataset.classNames)
    return (bytes, same ? try Tensor(labels, on: model.options.device) : nil)
  }
}

extension DatasetSplit: ExpressibleByArgument {}

extension FlowModel {
  /// The shape of the model's images, if picture files can have it.
  func pictureShape() throws -> ImageShape {
    guard configuration.channels == 1 || configuration.channels == 3 else {
      throw ValidationError("the model takes images of \(configuration.channels) channels, picture files have 1 or 3")
    }
    return configuration.imageShape
  }
}

func requirePixelLimit(_ limit: Int) throws {
  guard limit > 0 else { throw ValidationError("--pixel-limit is \(limit), expected 1 or more") }
}
