import ArgumentParser
import Datasets
import Foundation
import Imaging

/// How a grid of pictures is laid out.
struct GridOptions: ParsableArguments {
  @Option(name: .customLong("columns"), help: "Images per row; by default 8.") private var givenColumns: Int?
  @Option(name: .customLong("enlarge"), help: "Draw every pixel this many pixels wide; by default 2.")
  private var givenEnlarge: Int?

  var columns: Int { givenColumns ?? 8 }
  var enlarge: Int { givenEnlarge ?? 2 }

  func validate() throws {
    guard (1...10_000).contains(columns) else { throw ValidationError("--columns is \(columns), expected 1 to 10000") }
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
  }

  /// Refuses flags of a grid where single files are written.
  func requireNone() throws {
    guard givenColumns == nil, givenEnlarge == nil else {
      throw ValidationError("--columns and --enlarge are of a grid, and --files writes single ones: leave them out")
    }
  }

  func picture(_ images: [PixelImage], rowLabels: [String] = []) -> PixelImage {
    PixelImage.labeledGrid(images, columns: columns, rowLabels: rowLabels, scale: enlarge)
  }

  func write(_ images: [PixelImage], to url: URL) throws { try picture(images).write(to: url) }
}

/// Refuses a name that says no format of pictures, and a file that is not to be replaced, before any work is done.
func requirePicture(_ out: String?, from inputs: [String] = [], force: Bool) throws {
  guard let out else { return }
  do { _ = try WrittenFormat(for: URL(filePath: out)) } catch let error as ImagingError {
    throw ValidationError("--out \(error)")
  }
  try OutputFile.picture.require(out, from: inputs, force: force)
}

/// The same of the files that ``writePictures(_:named:to:)`` writes.
func requirePictures(named names: [String], in folder: String, force: Bool) throws {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
    return try requireRoom(for: URL(filePath: folder), named: folder)
  }
  guard isFolder.boolValue else {
    throw ValidationError("--out \(folder) is a file, and --files writes into a folder: name another")
  }
  if let own = FolderContents.own(in: URL(filePath: folder)) {
    throw ValidationError("--out \(folder) holds \(own): name another folder for pictures")
  }
  for name in names {
    try OutputFile.picture.require(URL(filePath: folder).appending(path: name + ".png").path, force: force)
  }
}

/// Writes `NAME.png` for each image into `folder`, which is made where it is missing.
func writePictures(_ images: [PixelImage], named names: [String], to folder: URL) throws {
  try makeFolder(folder)
  for (image, name) in zip(images, names) { try image.writePNG(to: folder.appending(path: name + ".png")) }
}
