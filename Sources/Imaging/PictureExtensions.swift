/// The endings of the names of picture files, in small letters and without the dot.
public enum PictureExtensions {
  /// Of the formats that are read.
  public static let read: Set<String> = ["png", "jpg", "jpeg", "jfif", "jpe", "webp"]
  /// Of pictures that are not read.
  public static let unread: Set<String> = [
    "gif", "bmp", "dib", "tif", "tiff", "heic", "heif", "avif", "jxl", "jp2", "tga", "ppm", "pgm", "pbm", "pnm", "svg",
    "psd", "exr", "hdr", "ico", "dng", "cr2", "nef", "arw",
  ]
}
