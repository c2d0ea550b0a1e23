import Datasets
import FlowModels

/// Glows of the faces that `make faces` draws, told every attribute of them.
extension Preset {
  static let drawnFaces: [Preset] = [faces, faces32]

  /// The shipped faces': 64x64 and 5 bits, as the faces of Kingma & Dhariwal (2018).
  public static let faces: Preset = {
    var training = faceTraining(size: 64, images: 400_000)
    training.averageImages = 20_000
    training.validateEvery = 20_000
    training.checkpointEvery = 10_000
    return Preset(
      name: "faces", summary: "the shipped faces, told 29 attributes, in one to two and a half hours on 2 cores",
      model: faceModel(size: 64, levels: 4, hidden: 128), training: training)
  }()

  /// Sized for 2 cores and about six minutes.
  public static let faces32 = Preset(
    name: "faces32", summary: "faces at 32x32, told 29 attributes, in about six minutes on 2 cores",
    model: faceModel(size: 32, levels: 3, hidden: 96), training: faceTraining(size: 32, images: 70_000))

  private static func faceModel(size: Int, levels: Int, hidden: Int) -> GlowConfiguration {
    var model = GlowConfiguration(height: size, width: size, channels: 3, levels: levels, steps: 8, hidden: hidden)
    model.bits = 5
    model.labelConditioning = .everywhere
    model.attributes = attributesOfFaces
    model.edgeChannel = true
    model.minimumScale = 0.3
    model.scale = .bounded
    model.deviationLimit = 2
    return model
  }

  private static func faceTraining(size: Int, images: Int) -> TrainingConfiguration {
    var training = demo.training
    training.data = ".data/faces-\(size)"
    training.images = images
    training.learningRate = 4e-3
    training.weightDecay = 0.03
    return training
  }

  /// As Scripts/faces_parts.py names them.
  private static let attributesOfFaces = [
    "short-hair", "long-hair", "curly-hair", "bald", "hat", "hijab", "turban", "hair-black", "hair-brown", "hair-blond",
    "hair-red", "hair-gray", "light-skin", "dark-skin", "smiling", "mouth-open", "sad", "eyes-closed", "wink",
    "surprised-eyes", "raised-brows", "angry-brows", "worried-brows", "beard", "moustache", "eyeglasses", "sunglasses",
    "collar", "hood",
  ]
}
