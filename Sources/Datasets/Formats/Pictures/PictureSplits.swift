/// Pictures that are divided into splits: by the rules for folders, ``PictureLayout``, or as a ``WebDataset``.
protocol PictureSplits: Sendable {
  /// - Throws: `DatasetError` when the split is not there, empty, or cannot be cut from so few pictures.
  func members(of split: DatasetSplit, seed: UInt64) throws -> PictureLayout.Members
  /// Every picture that is assigned to a split by itself, where none are all to training; nil where that is none.
  func everything(of split: DatasetSplit) throws -> PictureLayout.Members?
}
