import Datasets
import Foundation
import Imaging
import Runs
import TestSupport
import Testing

@testable import Training

/// Images that a run finds again, and others of the same name that it does not.
@Suite(.serialized) struct TrainedImagesTests {
  /// A project in `folder`: pictures in `photos`, a run on them in `runs/first`.
  private func makeProject(_ folder: URL) throws {
    try makePictures(folder.appending(path: "photos"))
    var training = Small.training { ($0.images, $0.averageImages) = (16, 0) }
    training.data = folder.appending(path: "photos").path
    let (train, validation) = try training.openImages()
    try Trainer(
      model: Small.model(), training: training, train: train, validation: validation,
      run: RunFolder(folder.appending(path: "runs/first"))
    ).fit()
  }

  private func makePictures(_ folder: URL, shift: Int = 0) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for number in 0..<20 {
      let pixels = (0..<16).map { UInt8(($0 * 13 + number * 7 + shift) % 256) }
      try PixelImage(width: 4, height: 4, channels: 1, pixels: pixels)
        .writePNG(to: folder.appending(path: "\(number).png"))
    }
  }

  private func images(_ folder: URL, _ run: String = "runs/first") throws -> TrainedImages {
    try #require(try TrainedImages(ofModel: folder.appending(path: "\(run)/checkpoints/images-16")))
  }

  @Test func whereTheyWere() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      let found = try images(folder).find()
      #expect(found.source.directory.path == folder.appending(path: "photos").path)
      #expect(found.train.count + found.validation.count < 20 && found.train.count > 0)
      #expect(try images(folder).areKnownAgain)
    }
  }

  @Test func aProjectThatMovedAsAWhole() throws {
    try withTemporaryFolder { folder in
      let (old, new) = (folder.appending(path: "old"), folder.appending(path: "a/new"))
      try makeProject(old)
      try FileManager.default.createDirectory(at: folder.appending(path: "a"), withIntermediateDirectories: true)
      try FileManager.default.moveItem(at: old, to: new)
      #expect(try images(new).find().source.directory.path.hasSuffix("a/new/photos"))
      // Where they were there are others now: those here are still the right ones.
      try makePictures(old.appending(path: "photos"), shift: 50)
      #expect(try images(new).find().source.directory.path.hasSuffix("a/new/photos"))
    }
  }

  @Test func othersOfTheSameName() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      let photos = folder.appending(path: "photos")
      try FileManager.default.removeItem(at: photos)
      try makePictures(photos, shift: 50)
      let error = try #require(throws: TrainingError.self) { try images(folder).find() }
      #expect(error.description.contains("are not those that the model was trained on"), "\(error)")
      #expect(error.description.contains(photos.path) && error.description.contains("--data"), "\(error)")
      // Whoever goes on with a run hears of it there.
      #expect(try images(folder).find(orOthers: true).source.directory.path == photos.path)
    }
  }

  @Test func nowhere() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      try FileManager.default.removeItem(at: folder.appending(path: "photos"))
      let error = try #require(throws: TrainingError.self) { try images(folder).find() }
      #expect(error.description.contains("are not here (\(folder.path)/photos)"), "\(error)")
      #expect(error.description.contains("--data"), "\(error)")
    }
  }

  /// As older programs did, which a run on large JPEGs shows by its fingerprints.
  @Test(arguments: [true, nil]) func theyAreDecodedAsInTraining(reduced: Bool?) throws {
    try withTemporaryFolder { folder in
      let photos = folder.appending(path: "photos")
      try FileManager.default.createDirectory(at: photos, withIntermediateDirectories: true)
      for number in 0..<6 {
        let noise: [UInt8] = (0..<70 * 70).map { (place: Int) in
          UInt8(truncatingIfNeeded: (place + number) * place * 31 >> 3)
        }
        try PixelImage(width: 70, height: 70, channels: 1, pixels: noise)
          .write(to: photos.appending(path: "\(number).jpg"))
      }
      var training = Small.training { ($0.images, $0.averageImages, $0.height, $0.width) = (16, 0, 4, 4) }
      (training.data, training.reducedDecoding) = (photos.path, reduced)
      let cache = training.makePictureCache()
      let (train, validation) = try training.openImages(keepingIn: cache)
      let run = RunFolder(folder.appending(path: "runs/first"))
      try Trainer(model: Small.model(), training: training, train: train, validation: validation, run: run)
        .fit()
      let found = try images(folder).find()
      #expect(try found.train.image(at: 0) == train.image(at: 0))
      training.reducedDecoding = reduced == nil ? true : nil
      #expect(try training.openImages().train.image(at: 0) != train.image(at: 0))

      let model = folder.appending(path: "model")
      try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      try TrainedImages.write(images(folder), to: model)
      #expect(try TrainedImages(ofModel: model)?.find().train.image(at: 0) == train.image(at: 0))
    }
  }

  /// A checkpoint from before the images moved finds them where the run has found them since.
  @Test func anOlderCheckpoint() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      let (photos, other) = (folder.appending(path: "photos"), folder.appending(path: "elsewhere"))
      try FileManager.default.moveItem(at: photos, to: other)
      let found = try images(folder).open(DatasetSource(parsing: other.path))
      let run = RunFolder(folder.appending(path: "runs/first"))
      try Trainer(
        resuming: run, images: 32, source: found.source, train: found.train, validation: found.validation
      ).fit()
      #expect(run.checkpoints.count == 2)
      #expect(try images(folder).find().source.directory.path == other.path)
    }
  }

  /// Runs of older programs: nothing but the words of `--data`, perhaps without a mark to know the images by.
  @Test func olderRuns() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      let file = folder.appending(path: "runs/first/checkpoints/images-16/training.json")
      func remove(_ field: String) throws {
        var state = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        #expect(state.removeValue(forKey: field) != nil)
        try JSONSerialization.data(withJSONObject: state).write(to: file)
      }
      try remove("place")
      #expect(try images(folder).find().train.count > 0)
      try remove("data")
      #expect(try !images(folder).areKnownAgain)
      let photos = folder.appending(path: "photos")
      try FileManager.default.removeItem(at: photos)
      try makePictures(photos, shift: 50)
      #expect(try images(folder).find().train.count > 0)
    }
  }

  @Test func exportedModels() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      let model = folder.appending(path: "model")
      try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      #expect(try TrainedImages(ofModel: model) == nil)
      try TrainedImages.write(images(folder), to: model)
      let (own, exported) = (try images(folder), try #require(try TrainedImages(ofModel: model)))
      #expect(exported.data == "./photos" && exported.seed == own.seed && exported.channels == own.channels)
      #expect(exported.fingerprints == own.fingerprints)
      #expect(try exported.find().source.isSame(as: own.find().source))
      try TrainedImages.write(nil, to: model)
      #expect(try TrainedImages(ofModel: model) == nil)
      try Data(#"{"data": 3}"#.utf8).write(to: model.appending(path: "data.json"))
      let error = try #require(throws: (any Error).self) { try TrainedImages(ofModel: model) }
      #expect("\(error)".contains("data.json: field data"), "\(error)")
    }
  }

  /// A model may be given away: its folder names nothing of the machine.
  @Test func exportedModelsNameNoPath() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      for model in [folder.appending(path: "a/model"), URL(filePath: "/var/tmp/glow-\(UUID().uuidString)")] {
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: model) }
        try TrainedImages.write(images(folder), to: model)
        let text = try String(contentsOf: model.appending(path: "data.json"), encoding: .utf8)
        #expect(!text.contains(folder.path) && !text.contains(folder.lastPathComponent), "\(text)")
        #expect(text.contains("\"./photos\""), "\(text)")
        #expect(text.contains("\"../../photos\"") == model.path.hasPrefix(folder.path), "\(text)")
      }
    }
  }

  /// The way from a model to its images, where it names nothing that is not theirs.
  @Test(arguments: [
    ("/data/photos", "/data/models/a", "../../photos"), ("/photos", "/models/a", "../../photos"),
    ("/home/me/photos", "/home/me/models/a", "../../photos"),
    ("/home/me/a/b/photos", "/home/me/model", "../a/b/photos"),
    ("/home/me/photos", "/home/you/model", nil), ("/home/me/photos", "/srv/model", nil),
  ])
  func theWayToTheImages(images: String, model: String, way: String?) throws {
    let place = try ImagesPlace(shareable: DatasetSource(parsing: images), from: URL(filePath: model))
    #expect(place?.fromHere == way && place?.source == way.map { _ in "./photos" })
    let other = try #require(ImagesPlace(shareable: DatasetSource(parsing: "idx:/x/photos"), from: URL(filePath: "/x")))
    #expect(other.source == "idx:./photos")
  }

  /// A file of an older program, with the whole path.
  @Test func exportedModelsOfOlderPrograms() throws {
    try withTemporaryFolder { folder in
      try makeProject(folder)
      let model = folder.appending(path: "model")
      try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      try TrainedImages.write(images(folder), to: model)
      let file = model.appending(path: "data.json")
      var record = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      let photos = folder.appending(path: "photos").path
      (record["data"], record["place"]) = (photos, ["source": photos, "fromHere": "../elsewhere"])
      record["toleratesDamage"] = true
      record["skipDamaged"] = nil
      try JSONSerialization.data(withJSONObject: record).write(to: file)
      let images = try #require(try TrainedImages(ofModel: model))
      #expect(try images.find().source.directory.path == photos)
      #expect(try #require(images.skipDamaged) > 1_000_000)
    }
  }

  /// Test images are no part of training, and known again all the same.
  @Test func theTestSplit() throws {
    try withTemporaryFolder { folder in
      for split in ["train", "validation", "test"] { try makePictures(folder.appending(path: "photos/\(split)")) }
      var training = Small.training { ($0.images, $0.averageImages) = (16, 0) }
      training.data = folder.appending(path: "photos").path
      let (train, validation) = try training.openImages()
      let source = try DatasetSource(parsing: training.data)
      let run = RunFolder(folder.appending(path: "runs/first"))
      try Trainer(
        model: Small.model(), training: training, train: train, validation: validation,
        test: source.open(split: .test, seed: 0), run: run
      ).fit()
      func difference() throws -> String? {
        let images = try images(folder, "runs/first")
        return images.difference(ofTest: try #require(try images.openTest(source)))
      }
      #expect(try difference() == nil)
      try makePictures(folder.appending(path: "photos/test"), shift: 50)
      #expect(try difference() == "of the test split, images have other pixels than they had, or another order")
      // Training goes on, and still knows what they were.
      let found = try images(folder).find()
      try Trainer(resuming: run, images: 32, train: found.train, validation: found.validation).fit()
      let newest = try #require(try TrainedImages(ofModel: folder.appending(path: "runs/first/checkpoints/images-32")))
      #expect(newest.difference(ofTest: try #require(try newest.openTest(source))) != nil)
      // A run of an older program does not know them.
      let file = folder.appending(path: "runs/first/checkpoints/images-32/training.json")
      var state = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      var data = try #require(state["data"] as? [String: Any])
      #expect(data.removeValue(forKey: "test") != nil)
      state["data"] = data
      try JSONSerialization.data(withJSONObject: state).write(to: file)
      let older = try #require(try TrainedImages(ofModel: file.deletingLastPathComponent()))
      let test = try #require(try older.openTest(source))
      #expect(older.areKnownAgain && older.difference(ofTest: test) == nil)
    }
  }

  /// However a place is written.
  @Test func oneSetInOnePlace() throws {
    try withTemporaryFolder { folder in
      try makePictures(folder.appending(path: "photos"))
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: "link"), withDestinationURL: folder.appending(path: "photos"))
      let source = try DatasetSource(parsing: "\(folder.path)/photos")
      for other in ["photos/", "./photos", "x/../photos", "link", "link/."] {
        #expect(try DatasetSource(parsing: "\(folder.path)/\(other)").isSame(as: source), "\(other)")
      }
      #expect(try !DatasetSource(parsing: "\(folder.path)/photo").isSame(as: source))
      #expect(try !DatasetSource(parsing: "idx:\(folder.path)/photos").isSame(as: source))
    }
  }
}
