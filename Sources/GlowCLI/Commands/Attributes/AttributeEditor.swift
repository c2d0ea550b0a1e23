import Analysis
import ArgumentParser
import FlowModels
import Foundation
import Imaging
import Torch

/// How attributes of images change: along directions in the latents, or by what a model is told.
struct AttributeEditor {
  /// The latents of an image, and what the model is told of it.
  typealias Cell = (latents: Latents, labels: Tensor?)

  /// The number of an attribute by its name.
  let number: (String) throws -> Int
  /// What --with and --without ask for, and what to call it.
  let said: [AttributeChange]
  let namesSaid: [String]
  private let images: ImageInputs.Images
  private let labels: Tensor?
  private let model: any FlowModel
  private let isTold: Bool
  /// The last argument is how far to go, from 0 to 1.
  private let edit: (Cell, [AttributeChange], Double) throws -> Cell

  /// Along the directions in a file.
  /// - Parameter label: what a person asked for.
  init(
    of images: ImageInputs.Images, along file: String, _ kind: AttributeDirections.Kind, labeled label: String?,
    _ model: any FlowModel
  ) throws {
    let directions = try AttributeDirections(contentsOf: URL(filePath: file), for: model)
    self.images = images
    self.model = model
    isTold = false
    (said, namesSaid) = ([], [])
    number = directions.number
    switch directions.labels {
    case .own: labels = images.labels
    case .unsaid: labels = nil
    case .fixed(let index):
      guard try label.map({ try labelIndex($0, of: model) == index }) ?? true else {
        throw ValidationError(
          "--label \(label!): the directions in \(file) are those under \(model.configuration.classNames[index])")
      }
      labels = try Tensor([Int](repeating: index, count: images.count), on: model.options.device)
    }
    edit = { original, changes, way in
      let scaled = changes.map { (attribute: $0.attribute, strength: way * $0.strength) }
      return (try directions.edited(original.latents, scaled, along: kind), original.labels)
    }
  }

  /// By what the model is told of images.
  init(of images: ImageInputs.Images, telling told: AttributeOptions, _ model: any FlowModel) throws {
    let configuration = model.configuration
    guard !configuration.attributeNames.isEmpty else {
      throw ValidationError(
        "the model is not conditioned on attributes: give directions, from glow attributes fit, with --attributes")
    }
    self.images = images
    self.model = model
    isTold = true
    labels = images.labels
    said = try told.changes(for: configuration)
    namesSaid = said.map { attribute, strength in
      (strength > 0 ? "with " : "without ") + configuration.attributeNames[attribute]
        + (abs(strength) == 1 ? "" : "=\(abs(strength).formatted())")
    }
    number = { name in
      do { return try configuration.attributeNumber(name) } catch let error as ModelError {
        throw ValidationError("--attribute: \(error)")
      }
    }
    edit = { original, changes, way in
      let rows = original.labels!
      let values = try configuration.attributes(rows.elements(Float.self), telling: changes, way: way)
      return (original.latents, try Tensor(values, shape: rows.shape, on: rows.device).converted(to: rows.dtype))
    }
  }

  func original(_ number: Int) throws -> Cell {
    let range = number..<number + 1
    let own = try labels?.narrowed(0, range)
    return (try model.encode(images.x.narrowed(0, range), labels: own), own)
  }

  /// - Parameter way: from 0, the original, to 1, the whole of the changes.
  func edited(_ original: Cell, _ changes: [AttributeChange], way: Double = 1) throws -> Cell {
    try edit(original, changes, way)
  }

  /// Says of which attributes the model is told otherwise though nobody asked.
  func noteImplied(by changes: [AttributeChange]) throws {
    guard isTold, let labels else { return }
    try warn(ofImplied: changes, in: labels.elements(Float.self), for: model.configuration)
  }

  func decoded(_ cells: [Cell], _ pictures: DrawnPictures) throws -> [PixelImage] {
    try stride(from: 0, to: cells.count, by: 64).flatMap { start in
      let part = cells[start..<min(cells.count, start + 64)]
      let labels = part.compactMap(\.labels)
      return try pictures(
        model.decode(
          .concatenating(part.map(\.latents)),
          labels: labels.isEmpty ? nil : .concatenating(labels, alongDimension: 0)))
    }
  }
}
