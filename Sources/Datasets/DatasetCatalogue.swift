import Foundation

/// The data sets that are known here: what they are, where they come from, on what terms, and which files are expected.
/// Nothing is fetched. Sizes and checksums are given where the publisher or the format fixes them.
public enum DatasetCatalogue {
  public struct Entry: Sendable {
    /// As `--data` takes it.
    public let spelling: String
    public let title: String
    /// What the images are, with counts.
    public let images: String
    /// Publisher and home page.
    public let origin: String
    public let terms: String
    /// One line a file or group of files.
    public let files: [String]
    /// One line an option.
    public let options: [String]

    init(
      _ spelling: String, _ title: String, images: String, origin: String, terms: String, files: [String],
      options: [String] = []
    ) {
      self.spelling = spelling
      self.title = title
      self.images = images
      self.origin = origin
      self.terms = terms
      self.files = files
      self.options = options
    }
  }

  /// MD5 of `cifar-10-binary.tar.gz`, as its page states it.
  static let cifarArchive = (name: "cifar-10-binary.tar.gz", md5: "c32a1d4ab5d03f1284b67883e8d87530")

  public static let entries: [Entry] =
    [
      Entry(
        "fashion-mnist", "Fashion-MNIST",
        images: "28x28 gray, 10 classes: 60,000 training and 10,000 test images",
        origin: "Xiao, Rasul and Vollgraf 2017, Zalando Research; https://github.com/zalandoresearch/fashion-mnist",
        terms: "MIT licence",
        files: [
          "train-images-idx3-ubyte (47,040,016 bytes), train-labels-idx1-ubyte (60,008), t10k-images-idx3-ubyte "
            + "(7,840,016), t10k-labels-idx1-ubyte (10,008), each plain or .gz",
          "or Debian's package dataset-fashion-mnist, and no folder named",
        ]),
      Entry(
        "cifar10:FOLDER", "CIFAR-10",
        images: "32x32 RGB, 10 classes: 50,000 training and 10,000 test images",
        origin: "Krizhevsky 2009, University of Toronto; https://www.cs.toronto.edu/~kriz/cifar.html",
        terms: "no licence stated; the page asks to cite the technical report",
        files: [
          "data_batch_1.bin to data_batch_5.bin and test_batch.bin, 30,730,000 bytes each, from "
            + "\(cifarArchive.name) (MD5 \(cifarArchive.md5))",
          "or cifar10.npz with x_train, y_train, x_test, y_test (uint8 [images, 32, 32, 3] and labels 0 to 9)",
          "or data_batch_1.npz to data_batch_5.npz and test_batch.npz with data (uint8 [images, 3072], in planes) and "
            + "labels 0 to 9",
          "or PNG pictures in train/CLASS and test/CLASS, CLASS being airplane, automobile, ...",
        ]),
    ]
    + [32, 64].map { side in
      Entry(
        "imagenet\(side):FOLDER", "ImageNet \(side)x\(side)",
        images:
          "\(side)x\(side) RGB; npz, 1000 classes: 1,281,167 training and 50,000 validation images (the test split "
          + "here); PNG, no classes: 1,281,149 and 49,999",
        origin:
          "Chrabaszcz, Loshchilov and Hutter 2017 (npz) and van den Oord, Kalchbrenner and Kavukcuoglu 2016 (PNG), "
          + "from ImageNet, Russakovsky et al. 2015; https://www.image-net.org/download.php",
        terms: "ImageNet's terms of access: non-commercial research and education, after registration",
        files: [
          "train_data_batch_1.npz to train_data_batch_10.npz and val_data.npz with data (uint8 [images, "
            + "\(3 * side * side)], in planes) and labels 1 to 1000",
          "or the folders train_\(side)x\(side) and valid_\(side)x\(side) of PNG pictures",
          "the two forms were scaled down by different filters: their bits/dim do not compare; the Glow paper's are of "
            + "the PNG form",
        ])
    }
    + LSUN.Category.allCases.map { category in
      let counts: [LSUN.Category: String] = [.bedroom: "3,033,042", .tower: "708,264", .church: "126,227"]
      return Entry(
        "lsun-\(category.rawValue):FOLDER", "LSUN \(category.folderName.replacing("_", with: " "))",
        images:
          "RGB of mixed sizes, the shorter side 256, no classes: \(counts[category]!) training and 300 validation "
          + "images (the test split here)",
        origin: "Yu et al. 2015; https://www.yf.io/p/lsun",
        terms: "no licence stated for the pictures, which were gathered from the web; research use",
        files: [
          "the folders \(category.folderName)_train_lmdb and \(category.folderName)_val_lmdb, each with data.mdb, unpacked "
            + "from \(category.folderName)_train_lmdb.zip and \(category.folderName)_val_lmdb.zip"
        ],
        options: [
          "lsun-\(category.rawValue),crop=96:FOLDER with --size 64: 64x64 cut from pictures whose shorter side is scaled "
            + "to 96, at random places in training, as RealNVP and Glow report it",
          "without crop: the middle square, scaled down to --size (64, 96, 128 or 256; 64 if not given)",
        ])
    }
    + [
      Entry(
        "celeba:FOLDER", "CelebA",
        images: "178x218 RGB, 40 attributes: 162,770 training, 19,867 validation and 19,962 test images",
        origin: "Liu, Luo, Wang and Tang 2015, Chinese University of Hong Kong; "
          + "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        terms: "non-commercial research, by the agreement on the page",
        files: [
          "img_align_celeba (000001.jpg to 202599.jpg) or img_align_celeba_png, list_attr_celeba.txt and "
            + "list_eval_partition.txt; also as Img/, Anno/ and Eval/"
        ],
        options: ["celeba,centre=148:FOLDER: the middle 148x148 pixels, scaled to --size"]),
      Entry(
        "celebahq:FOLDER", "CelebA-HQ",
        images: "1024x1024 RGB (or scaled down), 40 attributes where a list of them is given: 30,000 images",
        origin: "Karras, Aila, Laine and Lehtinen 2018, from CelebA; "
          + "https://github.com/tkarras/progressive_growing_of_gans",
        terms: "non-commercial, as CelebA",
        files: [
          "a folder of pictures; with subfolders train, validation and test, else split by seed",
          "attributes, if wanted: CelebAMask-HQ-attribute-anno.txt or list_attr_celebahq.txt in the form of "
            + "list_attr_celeba.txt, else attributes.csv",
        ]),
      Entry(
        "tfrecord:FOLDER", "TFRecord shards of the released Glow program",
        images: "any of one size: tf.train.Example with shape, data (uint8, channels last) and label",
        origin: "made by the program beside the paper, Kingma and Dhariwal 2018; https://github.com/openai/glow",
        terms: "those of the images",
        files: [
          "train/*-rNN-s-SSSS-of-TTTT.tfrecords and validation/*-rNN-s-SSSS-of-TTTT.tfrecords, images of 2^NN pixels; "
            + "without test/ the validation shards are the test split"
        ],
        options: [
          "tfrecord,classes=1000:FOLDER: labels are 0 to 999; else they are left out",
          "tfrecord,attributes:FOLDER: the feature attr holds CelebA's 40 attributes",
        ]),
      Entry(
        "idx:FOLDER", "IDX files under MNIST's names",
        images: "gray, of one size, with classes", origin: "format by LeCun, Cortes and Burges; yours",
        terms: "those of the images",
        files: [
          "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, or .gz"
        ]
      ),
      Entry(
        "packed:FOLDER, or FOLDER", "Packed shards",
        images: "whatever was packed, of one size, with labels and attributes; may be larger than memory",
        origin: "`glow data pack`", terms: "those of the images",
        files: ["dataset.json and SPLIT-NNNNN-of-NNNNN.safetensors, each with its CRC-32C in dataset.json"]),
      Entry(
        "FOLDER", "A folder of pictures",
        images: "PNG, JPEG and WebP; of one size, or cropped and resized to --size", origin: "yours",
        terms: "those of the pictures",
        files: [
          "subfolders train, validation (or val) and test, else split by seed; subfolders below are classes",
          "attributes.csv in each split folder or in FOLDER: `file` and the attributes' names; 1, 0 or nothing",
        ]),
    ]
}

extension DatasetSource {
  /// How many images the published set has; empty for what is not published with fixed counts.
  var publishedCounts: [DatasetSplit: Int] {
    switch self {
    case .fashionMNIST: return [.train: 60_000, .test: 10_000]
    case .cifar10: return [.train: 50_000, .test: 10_000]
    case .imageNet(let side, let directory):
      let isPNG = FileManager.default.fileExists(
        atPath: directory.appendingPathComponent("train_\(side)x\(side)").path)
      return isPNG ? [.train: 1_281_149, .test: 49_999] : [.train: 1_281_167, .test: 50_000]
    case .lsun(.bedroom, _, _): return [.train: 3_033_042, .test: 300]
    case .lsun(.tower, _, _): return [.train: 708_264, .test: 300]
    case .lsun(.church, _, _): return [.train: 126_227, .test: 300]
    case .celebA: return [.train: 162_770, .validation: 19_867, .test: 19_962]
    case .celebAHQ, .tfRecords, .idx, .packed, .pictures: return [:]
    }
  }

  /// Sizes and checksums that are published for files of the set.
  func fileChecks() -> [IntegrityCheck] {
    guard case .cifar10(let directory) = self else { return [] }
    let archive = directory.appendingPathComponent(DatasetCatalogue.cifarArchive.name)
    guard FileManager.default.fileExists(atPath: archive.path) else { return [] }
    return [
      IntegrityCheck(file: archive.path) {
        let found = try md5(of: archive)
        guard found == DatasetCatalogue.cifarArchive.md5 else {
          throw DatasetError.wrongChecksum(
            file: archive.path, kind: "MD5", expected: DatasetCatalogue.cifarArchive.md5, found: found)
        }
      }
    ]
  }
}
