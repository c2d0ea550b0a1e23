/// A check of one file that goes beyond reading its images: a checksum, a size.
struct IntegrityCheck: Sendable {
  let file: String
  /// - Throws: an error that names the file, when it is not whole.
  let run: @Sendable () throws -> Void

  init(file: String, run: @escaping @Sendable () throws -> Void) {
    self.file = file
    self.run = run
  }
}

/// A data set whose files can be checked beyond reading the images.
protocol IntegrityChecking: ImageDataset {
  func integrityChecks() -> [IntegrityCheck]
}
