/// Which endings of file names are those of pictures. A file's contents are told by its first bytes; endings serve to find
/// the pictures of a folder and to say which of them are not read.
///
/// ```swift
/// let isRead = PictureExtensions.read.contains(URL(filePath: "photo.JPG").pathExtension.lowercased())
/// print(PictureExtensions.conversionAdvice(for: "gif"))  // mogrify -auto-orient -format png *.gif (Debian's imagemagick)
/// ```
public enum PictureExtensions {
  /// Of PNG, JPEG and WebP, lowercase.
  public static let read = ["png", "jpg", "jpeg", "jpe", "jfif", "webp"]

  /// Of pictures that are not read, lowercase.
  public static let unread = UnreadFormat.all.filter(\.isPicture).flatMap(\.extensions)

  /// Whether a file of these first bytes, sixteen or more, is a picture of a format that is known. Formats that two letters
  /// alone tell are not looked for: a text may begin with them.
  package static func areOfPicture(firstBytes: some Collection<UInt8>) -> Bool {
    switch ImageFormat(firstBytes: firstBytes) {
    case nil: false
    case .png, .jpeg, .webp: true
    case .unsupported(let name):
      !["BMP", "PNM", "ICO", "SVG"].contains(name) && UnreadFormat.named(name)?.isPicture == true
    }
  }

  /// The command that makes PNG files of all files with an ending that is not read.
  ///
  /// - Parameter ext: such as `gif`, in any case.
  public static func conversionAdvice(for ext: String) -> String {
    let ext = ext.lowercased()
    let format = UnreadFormat.all.first { $0.extensions.contains(ext) }
    return (format?.converter ?? .imageMagick).advice(forAllFilesEndingIn: ext)
  }
}

/// A format that is known and not read.
struct UnreadFormat {
  /// A program of Debian's that makes PNG files. `-auto-orient` is for TIFF and HEIC: their orientation would be lost.
  enum Converter {
    case imageMagick
    case jpegXL
    case vectors
    case pages

    func advice(for file: String) -> String {
      switch self {
      case .imageMagick: "mogrify -auto-orient -format png \(file) (Debian's imagemagick)"
      case .jpegXL: "djxl \(file) \(file).png (Debian's libjxl-tools)"
      case .vectors: "rsvg-convert \(file) -o \(file).png (Debian's librsvg2-bin)"
      case .pages: "pdftoppm -png \(file) \(file) (Debian's poppler-utils)"
      }
    }

    func advice(forAllFilesEndingIn ext: String) -> String {
      switch self {
      case .imageMagick: advice(for: "*.\(ext)")
      case .jpegXL, .vectors, .pages: "for each FILE.\(ext): " + advice(for: "FILE.\(ext)")
      }
    }
  }

  let name: String
  let extensions: [String]
  var converter = Converter.imageMagick
  /// Whether a file of this kind among pictures is one of them.
  var isPicture = true

  static let all = [
    UnreadFormat(name: "BMP", extensions: ["bmp", "dib"]),
    UnreadFormat(name: "GIF", extensions: ["gif"]),
    UnreadFormat(name: "TIFF", extensions: ["tif", "tiff"]),
    UnreadFormat(name: "HEIC", extensions: ["heic", "heif", "hif"]),
    UnreadFormat(name: "AVIF", extensions: ["avif"]),
    UnreadFormat(name: "JPEG XL", extensions: ["jxl"], converter: .jpegXL),
    UnreadFormat(name: "JPEG 2000", extensions: ["jp2", "j2k", "jpf", "jpx"]),
    UnreadFormat(name: "SVG", extensions: ["svg", "svgz"], converter: .vectors),
    UnreadFormat(name: "ICO", extensions: ["ico"]),
    UnreadFormat(name: "Photoshop", extensions: ["psd"]),
    UnreadFormat(name: "TGA", extensions: ["tga"]),
    UnreadFormat(name: "PNM", extensions: ["pnm", "ppm", "pgm", "pbm"]),
    UnreadFormat(name: "PCX", extensions: ["pcx"]),
    UnreadFormat(name: "PDF", extensions: ["pdf"], converter: .pages, isPicture: false),
  ]

  /// - Parameter name: as ``ImagingError/unsupported(file:found:)`` has it.
  static func named(_ name: String) -> UnreadFormat? { all.first { $0.name == name } }
}
