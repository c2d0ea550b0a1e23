/// A data set under the name of another split: published validation images that serve as the test split.
struct RenamedSplit: DerivedDataset {
  let base: any ImageDataset
  let split: DatasetSplit

  init(_ base: any ImageDataset, as split: DatasetSplit) {
    self.base = base
    self.split = split
  }
}
