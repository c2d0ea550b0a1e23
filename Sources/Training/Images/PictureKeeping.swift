import Datasets
import Foundation
import Runs

// Where a run keeps the pictures that it has decoded.

extension TrainingConfiguration {
  /// Of JPEGs, and without a cache: as every verb reads the images that a model was trained on.
  var reading: PictureReading { PictureReading(reducesJPEGs: reducedDecoding ?? false) }

  /// For the time of a run: in memory, until it is told where the run's folder is.
  package func makePictureCache() -> PictureCache {
    PictureCache(memory: pictureCache ?? min(1_000_000_000, (MemoryPolicy.availableMemory ?? 0) / 8))
  }

  /// Bytes of files beside a run.
  package func pictureDiskBudget(of run: RunFolder) -> Int {
    if let pictureCacheDisk { return pictureCacheDisk }
    let free = try? run.url.resourceValues(forKeys: [.volumeAvailableCapacityKey]).volumeAvailableCapacity
    return min(8_000_000_000, (free ?? 0) / 8)
  }
}
