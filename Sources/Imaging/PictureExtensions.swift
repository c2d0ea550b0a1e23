/// Which endings of file names are those of pictures.
public enum PictureExtensions {
  /// Of PNG, JPEG and WebP, lowercase.
  public static let read = ["png", "jpg", "jpeg", "jpe", "jfif", "webp"]

  /// Of pictures that are not read, lowercase.
  public static let unread = [
    "bmp", "dib", "gif", "tif", "tiff", "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpf", "jpx", "svg", "svgz",
    "ico", "psd", "tga", "pnm", "ppm", "pgm", "pbm", "pcx",
  ]

  /// The command that makes PNG files of all files with an ending that is not read.
  ///
  /// - Parameter ext: such as `gif`, in any case.
  public static func conversionAdvice(for ext: String) -> String {
    "mogrify -auto-orient -format png *.\(ext.lowercased()) (Debian's imagemagick)"
  }
}
