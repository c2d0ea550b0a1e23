import CTorch

/// The libtorch that this process runs on.
///
/// ```swift
/// try Runtime.checkVersion()
/// try Runtime.setThreadCount(2)
/// ```
public enum Runtime {
  /// The version of the headers that the shim was compiled against, such as `2.13.0`.
  public static var headerVersion: String { String(cString: ct_header_version()) }

  /// The version that the loaded library reports of itself, or nil if it reports none.
  public static var libraryVersion: String? {
    let text = buildDescription
    guard let start = text.range(of: "TORCH_VERSION=") else { return nil }
    return String(text[start.upperBound...].prefix { $0 == "." || $0.isNumber })
  }

  /// libtorch's own account of how it was built.
  public static var buildDescription: String { String(cString: ct_build_description()) }

  /// Throws if the loaded libtorch is not the release whose headers the program was compiled against.
  public static func checkVersion() throws {
    guard let library = libraryVersion, library != headerVersion else { return }
    throw TorchError(
      operation: "libtorch", shapes: [],
      message: "the program was built against libtorch \(headerVersion) but \(library) was loaded; rebuild it, or set "
        + "LIBTORCH_DIR to a \(headerVersion) release")
  }

  /// Makes the memory of large tensors stay with the process when they are freed, so that a training step does not pay for
  /// the same memory again. Call it once, before the first tensor; does nothing on other systems than Linux.
  public static func keepFreedMemory() { ct_keep_freed_memory() }

  /// Gives memory that is free back to the system, also what ``keepFreedMemory()`` keeps: for after work that is done once
  /// and needs much.
  public static func returnFreedMemory() { ct_return_freed_memory() }

  /// Whether this processor and this libtorch multiply bfloat16 matrices faster than those of float32.
  public static var hasBFloat16Products: Bool { ct_has_bfloat16_products() }

  /// Runs `body` with CUDA's products of float32 matrices in TF32, which reads 10 bits of the fraction.
  public static func allowingTF32<R>(_ body: () throws -> R) rethrows -> R {
    let before = ct_allow_tf32(true)
    defer { _ = ct_allow_tf32(before) }
    return try body()
  }

  /// How many threads one libtorch operation may use.
  public static var threadCount: Int { Int(ct_thread_count()) }

  /// Sets ``threadCount``.
  /// - Parameter count: 1 or more.
  public static func setThreadCount(_ count: Int) throws {
    precondition(count > 0, "a thread count is at least 1, not \(count)")
    try check("setThreadCount", ct_set_thread_count(Int32(count)))
  }

  /// Runs `body` for each of `0..<count`, side by side on libtorch's threads, and returns what it gives. Each uses one thread
  /// for its operations. The bodies must have nothing in common that any of them changes: a tensor that one of them writes, no
  /// other may read.
  /// - Throws: the error of the first in order that failed; all have ended then.
  public static func sideBySide<Result>(_ count: Int, _ body: (Int) throws -> Result) throws -> [Result] {
    typealias Outcome = Swift.Result<Result, any Error>
    var outcomes = [Outcome?](repeating: nil, count: count)
    withoutActuallyEscaping(body) { body in
      outcomes.withUnsafeMutableBufferPointer { outcomes in
        let outcomes = outcomes
        // What a C function can be handed.
        var run: (Int) -> Void = { index in outcomes[index] = Outcome { try body(index) } }
        withUnsafeMutablePointer(to: &run) { run in
          ct_side_by_side(
            Int32(count), { $0!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int($1)) }, run)
        }
      }
    }
    return try outcomes.map { try $0!.get() }
  }

  /// Seeds libtorch's global generators.
  public static func seed(_ seed: UInt64) throws { try check("seed", ct_manual_seed(seed)) }
}
