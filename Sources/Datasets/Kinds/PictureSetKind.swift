/// A kind whose sets are pictures that people bring, in folders or in archives.
protocol PictureSetKind: DatasetKind {
  /// - Throws: `DatasetError`, naming the file.
  func splits(at location: DatasetLocation) throws -> any PictureSplits
}

extension PictureSetKind {
  var needsSize: Bool { true }
  var options: [DatasetOption] { [.megapixels] }

  /// A validation split that is not there is cut by the set itself.
  func hasOwnValidation(_ location: DatasetLocation) -> Bool { true }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try open(location, [request])[0]
  }

  func open(_ location: DatasetLocation, _ requests: [DatasetRequest]) throws -> [any ImageDataset] {
    let splits = try splits(at: location)
    return try requests.map { request in
      try ImageFolder(
        name: location.directory.lastPathComponent, split: request.split,
        splits.members(of: request.split, seed: request.seed), size: request.size, channels: request.channels,
        heads: request.toleratingDamage ? .tolerant : .all, reading: request.reading)
    }
  }

  /// All that is assigned to a split, to see whether the pictures can be decoded.
  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    try splits(at: location).everything(of: split).map { members in
      try ImageFolder(
        name: location.directory.lastPathComponent, split: split, members, size: DatasetRequest.checkingSize,
        heads: .tolerant)
    }
  }
}
