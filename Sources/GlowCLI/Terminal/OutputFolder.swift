import ArgumentParser
import Files
import FlowModels
import Foundation
import Torch
import Training

/// Makes a folder and those above it, where they are missing.
func makeFolder(_ folder: URL) throws {
  do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
    throw ValidationError("cannot create the folder \(folder.path): \(error.systemReason)")
  }
}

/// Writes a model's folder; one that cannot be completed and was not there before is removed.
func writeModel(
  _ model: any FlowModel, as dtype: DType? = nil, trainedOn images: TrainedImages? = nil, to folder: URL
) throws {
  let isNew = !FileManager.default.fileExists(atPath: folder.path)
  try makeFolder(folder)
  do {
    try TrainedImages.write(images, to: folder)
    try ModelFolder.write(model, as: dtype, to: folder)
  } catch {
    if isNew { try? FileManager.default.removeItem(at: folder) }
    throw error
  }
}
