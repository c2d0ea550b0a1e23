import Foundation

extension Error {
  /// Why a file operation failed, in the system's words ("No space left on device") where Foundation's error hides some,
  /// else in Foundation's.
  package var systemReason: String {
    if let error = self as? POSIXError { return String(cString: strerror(error.code.rawValue)) }
    if let failure = self as? OpenedFile.Failure {
      switch failure {
      case .system(let error): return error.systemReason
      case .ended(let count): return "it ends after \(counted(count, "byte"))"
      }
    }
    // The underlying error must be cast to `any Error` first: on Linux it is no `NSError` by itself.
    let underlying = ((self as NSError).userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError }
    guard let underlying, underlying.domain == NSPOSIXErrorDomain else { return localizedDescription }
    return String(cString: strerror(Int32(underlying.code)))
  }
}
