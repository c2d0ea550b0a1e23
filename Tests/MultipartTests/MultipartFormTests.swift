import Multipart
import Foundation
import Testing

@Suite struct MultipartFormTests {
  private func form(_ body: String, _ type: String = "multipart/form-data; boundary=x") throws -> MultipartForm {
    try MultipartForm(Array(body.utf8), contentType: type)
  }

  private func part(_ name: String, _ content: String, file: String? = nil) -> MultipartForm.Part {
    MultipartForm.Part(name: name, fileName: file, content: Array(content.utf8)[...])
  }

  @Test func partsOfAForm() throws {
    let body =
      "a preamble\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x  \r\nContent-Type: text/plain\r\n"
      + "content-disposition: form-data; filename=\"b \\\"c\\\".png\"; name=b\r\n\r\n\r\n--y\r\n--x-\r\n\r\n--x--\r\nepilogue"
    #expect(throws: MultipartError.self) { try form(body) }
    let sound = body.replacing("--x-\r\n", with: "-x-\r\n")
    #expect(try form(sound).parts == [part("a", "1"), part("b", "\r\n--y\r\n-x-\r\n", file: "b \"c\".png")])
    #expect(try form("--x--").parts.isEmpty)
    #expect(
      try form("--x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--x--").parts == [part("", "")])
    let quoted = "multipart/form-data; charset=utf-8; boundary=\"a b\""
    #expect(
      try form("--a b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--a b--", quoted).parts
        == [part("n", "v")])
  }

  @Test func parametersAreReadByBytes() {
    for (header, value) in [
      ("a; name=b", "b"), ("a; NAME = b ;c", " b"), ("a;name=\"x;y\\\"z\\\\\"", "x;y\"z\\"), ("a; other; name=", ""),
      ("a; name=\"\u{e4}\u{301}\"", "\u{e4}\u{301}"), ("a; name=\"no end", "no end"), ("a; name=\"C:\\b\"", "C:\\b"),
    ] {
      #expect(
        MultipartForm.parameter("name", of: header)?.trimmingPrefix(" ") == value.trimmingPrefix(" "), "\(header)")
    }
    for header in ["", "name=b", "a; names=b", "a; name\u{301}=b", "a; name"] {
      #expect(MultipartForm.parameter("name", of: header) == nil, "\(header)")
    }
  }

  @Test func formsThatAreDamaged() {
    for body in [
      "", "x", "--x", "--x\r\n", "--x\r\n\r\nno headers\r\n--x--", "--x\r\nContent-Type: a/b\r\n\r\nno name\r\n--x--",
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end", "--xContent",
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n--x--",
    ] { #expect(throws: MultipartError.self, "\(body)") { try form(body) } }
    for type in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary"] {
      #expect(throws: MultipartError.self, "\(type)") { try form("--x--", type) }
    }
    let many = String(repeating: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n", count: 257) + "--x--"
    #expect(throws: MultipartError.self) { try form(many) }
  }
}
