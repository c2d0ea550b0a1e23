/// Reads images into a batch, changes them and draws their noise; the same for training and evaluation.
struct BatchAssembler: Sendable {
  /// An image to read, and the pass over the data (epoch or draw) whose noise and changes it gets.
  struct Item {
    let index: Int
    let pass: Int
  }

  let dataset: any ImageDataset
  let seed: UInt64
  let augmentation: Augmentation
  /// nil for no noise.
  let noise: KeyedRandom.Purpose?
  /// Whether images that are parts of larger pictures are taken at random places.
  let randomCrops: Bool
  /// Those to tell of each image, and how much of them.
  var attributes = AttributeTelling(names: [])

  func batch(of items: [Item]) throws -> Batch {
    let isLabeled = !dataset.classNames.isEmpty
    // Before the attributes: of a damaged image they are those of the one in its place.
    let pixels = try pixels(of: items)
    return Batch(
      pixels: pixels,
      noise: noiseValues(of: items),
      labels: isLabeled ? items.map { Int32(dataset.label(at: $0.index) ?? -1) } : [],
      attributes: attributes.values(of: items, in: dataset, seed: seed),
      indices: items.map(\.index),
      shape: dataset.shape)
  }

  func noiseValues(of items: [Item]) -> [Float] {
    guard let noise else { return [] }
    return filled(items, of: Float.self) { item, part in
      KeyedRandom(noise, seed, UInt64(item.pass), UInt64(item.index)).fillNoise(part)
    }
  }

  private func pixels(of items: [Item]) throws -> [UInt8] {
    guard augmentation != .none else {
      return try filled(items, of: UInt8.self) { item, part in try copyPixels(of: item, to: part) }
    }
    let original = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: dataset.shape.elementCount)
    defer { original.deallocate() }
    return try filled(items, of: UInt8.self) { item, part in
      try copyPixels(of: item, to: original)
      var random = KeyedRandom(.augmentation, seed, UInt64(item.pass), UInt64(item.index))
      augmentation.apply(UnsafeBufferPointer(original), to: part, shape: dataset.shape, random: &random)
    }
  }

  private func copyPixels(of item: Item, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    guard randomCrops else { return try dataset.copyPixels(at: item.index, to: buffer) }
    var random = KeyedRandom(.crop, seed, UInt64(item.pass), UInt64(item.index))
    try dataset.copyPixels(at: item.index, to: buffer, random: &random)
  }

  /// One image-sized part an item, each filled by `body`.
  private func filled<Value>(
    _ items: [Item], of type: Value.Type, _ body: (Item, UnsafeMutableBufferPointer<Value>) throws -> Void
  ) rethrows -> [Value] {
    let part = dataset.shape.elementCount
    return try [Value](unsafeUninitializedCapacity: items.count * part) { buffer, initialized in
      for (i, item) in items.enumerated() {
        try body(item, UnsafeMutableBufferPointer(rebasing: buffer[i * part..<(i + 1) * part]))
        initialized += part
      }
    }
  }
}
