import CTorch

/// The bytes that some tensors last had: by these, what was worked out from them is known to hold still.
package struct TensorRecord {
  private var bytes: [UInt8] = []

  package init() {}

  /// Takes down what the tensors hold now.
  /// - Parameter tensors: contiguous, on the CPU.
  /// - Returns: whether that is what was taken down before.
  package mutating func renew(_ tensors: [Tensor]) throws -> Bool {
    let count = tensors.reduce(0) { $0 + $1.byteCount }
    let isFirst = bytes.count != count
    if isFirst { bytes = [UInt8](repeating: 0, count: count) }
    var areSame = false
    let handles = tensors.map(\.handle)
    try check("renew", tensors, ct_renew_bytes(handles, handles.count, &bytes, count, &areSame))
    return areSame && !isFirst
  }
}
