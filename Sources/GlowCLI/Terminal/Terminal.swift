import Foundation

/// What a person's terminal can show.
enum Terminal {
  /// Whether a line there can be drawn anew.
  static func takesControls(_ file: Int32) -> Bool {
    isatty(file) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// 80 where the terminal does not say.
  static func columns(_ file: Int32) -> Int {
    var size = winsize()
    guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  static let isUTF8 = isUTF8(ProcessInfo.processInfo.environment)

  /// Whether the locale's characters are UTF-8: the first of POSIX's variables that is set says so.
  static func isUTF8(_ environment: [String: String]) -> Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    return ["utf-8", "utf8"].contains { locale?.lowercased().contains($0) ?? false }
  }
}
