import Foundation
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct ImageFormatTests {
  @Test func formatsThatAreNotReadNameTheCommandThatConvertsThem() {
    let starts: [(name: String, bytes: [UInt8], command: String)] = [
      ("GIF", Array("GIF89a".utf8), "mogrify -auto-orient -format png FILE (Debian's imagemagick)"),
      ("BMP", Array("BM 1234".utf8), "mogrify"),
      ("TIFF", Array("II*\0abcd".utf8), "mogrify"), ("TIFF", Array("MM\0*abcd".utf8), "mogrify"),
      ("HEIC", Array("\0\0\0\u{1C}ftypheic".utf8), "mogrify"), ("HEIC", Array("\0\0\0\u{1C}ftypmif1".utf8), "mogrify"),
      ("AVIF", Array("\0\0\0\u{1C}ftypavif".utf8), "mogrify"),
      ("JPEG XL", [0xFF, 0x0A, 0x09, 0x41], "djxl FILE FILE.png"),
      ("JPEG XL", Array("\0\0\0\u{C}JXL \r\n".utf8) + [0x87, 0x0A], "djxl FILE FILE.png"),
      ("JPEG 2000", Array("\0\0\0\u{C}jP  \r\n".utf8) + [0x87, 0x0A], "mogrify"),
      ("SVG", Array("<svg xmlns='x'/>".utf8), "rsvg-convert FILE -o FILE.png"),
      ("SVG", Array("\u{FEFF}<?xml version='1.0'?>\n<!-- a -->\n<svg/>".utf8), "rsvg-convert"),
      ("PDF", Array("%PDF-1.4".utf8), "pdftoppm -png FILE FILE"),
      ("Photoshop", Array("8BPS\0\u{1}".utf8), "mogrify"), ("ICO", [0, 0, 1, 0, 3, 0], "mogrify"),
      ("PNM", Array("P6\n60 40".utf8), "mogrify"),
    ]
    for (name, bytes, command) in starts {
      let error = #expect(throws: ImagingError.unsupported(file: "a.png", found: name)) {
        try PixelImage(decoding: bytes, name: "a.png")
      }
      #expect(
        error?.description.hasPrefix("a.png: \(name) is not read; make a PNG of it: \(command)") == true,
        "\(String(describing: error))")
    }
  }

  @Test(arguments: ["<html><svg/></html>", "P", "PK\u{3}\u{4}", "MMM", "plain text", "\0\0\0\u{C}abcd"])
  func otherFilesAreNoPictures(text: String) {
    let error = #expect(throws: ImagingError.self) { try PixelImage(decoding: Array(text.utf8), name: "a.png") }
    guard case .notAnImage = error else {
      Issue.record("\(text): \(String(describing: error))")
      return
    }
  }

  @Test func endings() {
    #expect(PictureExtensions.read == ["png", "jpg", "jpeg", "jpe", "jfif", "webp"])
    let unread = PictureExtensions.unread
    for ending in ["bmp", "gif", "tif", "tiff", "heic", "heif", "avif", "jxl", "svg"] {
      #expect(unread.contains(ending), "\(ending)")
    }
    #expect(Set(unread).isDisjoint(with: PictureExtensions.read) && Set(unread).count == unread.count)
    #expect(!unread.contains("pdf"))
    #expect(
      PictureExtensions.conversionAdvice(for: "GIF")
        == "mogrify -auto-orient -format png *.gif (Debian's imagemagick)")
    #expect(
      PictureExtensions.conversionAdvice(for: "jxl")
        == "for each FILE.jxl: djxl FILE.jxl FILE.jxl.png (Debian's libjxl-tools)")
  }
}
