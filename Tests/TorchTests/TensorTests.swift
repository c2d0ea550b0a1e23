import TestSupport
import Testing
import Torch

@Suite(.serialized) struct TensorTests {
  @Test func elementsOfEveryType() throws {
    func check<Element: TensorElement & Equatable>(_ elements: [Element]) throws {
      let tensor = try Tensor(elements, shape: [2, elements.count / 2])
      #expect(tensor.dtype == Element.dtype)
      #expect(tensor.shape == [2, elements.count / 2] && tensor.rank == 2)
      #expect(try tensor.elements(Element.self) == elements)
    }
    try check([UInt8(0), 1, 127, 255])
    try check([Int32.min, -1, 0, .max])
    try check([Int64.min, -1, 0, .max])
    try check([Int.min, -1, 0, .max])
    try check([Float(-1.5), 0, .infinity, 1e-38])
    try check([-1.5, 0, .infinity, 1e-308, 5, 6])
    try check([true, false, false, true])
    #expect(try Tensor([1.0, 2]).shape == [2])
    #expect(try Tensor([Float]()).elements(Float.self) == [])
    #expect(try Tensor([Double](), shape: [2, 0, 3]).shape == [2, 0, 3])
  }

  @Test func copiesItsElements() throws {
    var elements = [1.0, 2]
    let tensor = try Tensor(elements)
    elements[0] = 5
    #expect(try tensor.elements() == [1.0, 2])
  }

  @Test func bytes() throws {
    let values: [Float] = [1, -2, 3.5, 4]
    let tensor = try values.withUnsafeBytes { try Tensor(bytes: $0, dtype: .float32, shape: [2, 2]) }
    #expect(try tensor.elements() == values)
    var copy = [Float](repeating: 0, count: 4)
    try copy.withUnsafeMutableBytes { try tensor.transposed.copyBytes(to: $0) }
    #expect(copy == [1, 3.5, -2, 4])
    #expect(throws: TorchError.self) {
      try [Float(0)].withUnsafeBytes { try Tensor(bytes: $0, dtype: .float32, shape: [2]) }
    }
    #expect(throws: TorchError.self) {
      try copy.withUnsafeMutableBytes { try tensor.narrowed(0, 0..<1).copyBytes(to: $0) }
    }
  }

  @Test func factories() throws {
    #expect(try Tensor.zeros([2, 2]).elements(Float.self) == [0, 0, 0, 0])
    #expect(try Tensor.ones([3], .int64).elements(Int.self) == [1, 1, 1])
    #expect(try Tensor.full(2.5, [], .float64).item() == 2.5)
    #expect(try Tensor.range(4).elements(Int.self) == [0, 1, 2, 3])
    #expect(try Tensor.range(3, .float32).dtype == .float32)
    #expect(try Tensor.identity(2).elements(Float.self) == [1, 0, 0, 1])
    let empty = try Tensor.empty([2, 5], .bfloat16)
    #expect(empty.shape == [2, 5] && empty.dtype == .bfloat16 && empty.device == .cpu)
  }

  @Test func description() throws {
    #expect("\(try Tensor.zeros([2, 3], .uint8))" == "Tensor([2, 3], uint8, cpu)")
  }

  @Test func conversions() throws {
    let values = [-1.0, 0, 0.5, 2]
    for dtype in DType.allCases where dtype.isFloatingPoint {
      let converted = try Tensor(values).converted(to: dtype)
      #expect(converted.dtype == dtype)
      #expect(try converted.elements() == values, "\(dtype)")
    }
    #expect(try Tensor([0.0, 1.9, 255]).converted(to: .uint8).elements(UInt8.self) == [0, 1, 255])
    #expect(try Tensor([0, 3]).elements(Bool.self) == [false, true])
    #expect(try Tensor([true, false]).elements(Float.self) == [1, 0])
    #expect(try Tensor([1.0, 2]).elements(Float.self) == [1, 2])
    #expect(try Tensor([Int32(7)]).item() == 7)
    for dtype in DType.allCases {
      #expect(try Tensor.zeros([3], dtype).dtype == dtype)
      #expect(DType(rawValue: dtype.rawValue) == dtype)
    }
  }

  @Test func devices() throws {
    for (name, device) in [("cpu", Device.cpu), ("cuda", .cuda(0)), ("cuda:3", .cuda(3)), ("mps", .mps)] {
      #expect(Device(name) == device)
      #expect(Device(device.description) == device)
    }
    for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] { #expect(Device(name) == nil, "\(name)") }
    #expect(Device.cpu.isAvailable)
    for device in [Device.cuda(0), .mps] {
      if device.isAvailable {
        let tensor = try Tensor([1.0, 2].map(Float.init), on: device)
        #expect(tensor.device == device)
        #expect(try (tensor + tensor).converted(to: .float32, on: .cpu).elements(Float.self) == [2, 4])
      } else {
        #expect(throws: TorchError.self) { try Tensor.zeros([1], on: device) }
      }
    }
  }

  @Test func shapes() throws {
    let tensor = try Tensor.range(24).reshaped([2, 3, 4])
    #expect(tensor.elementCount == 24 && tensor.isContiguous)
    #expect(try tensor.reshaped([6, -1]).shape == [6, 4])
    let permuted = try tensor.permuted([2, 0, 1])
    #expect(permuted.shape == [4, 2, 3] && !permuted.isContiguous)
    #expect(try permuted.elements(Int.self).prefix(4) == [0, 4, 8, 12])
    #expect(permuted.sharesMemory(with: tensor))
    let contiguous = try permuted.contiguous()
    #expect(contiguous.isContiguous && !contiguous.sharesMemory(with: tensor))
    #expect(try tensor.contiguous().sharesMemory(with: tensor))
    #expect(try !tensor.copy().sharesMemory(with: tensor))

    let narrowed = try tensor.narrowed(1, 1..<3)
    #expect(narrowed.shape == [2, 2, 4] && narrowed.sharesMemory(with: tensor))
    #expect(try narrowed.elements(Int.self).prefix(5) == [4, 5, 6, 7, 8])
    #expect(try tensor.narrowed(-1, 3..<4).elements(Int.self) == [3, 7, 11, 15, 19, 23])
    let (first, rest) = try tensor.splitLast(at: 1)
    #expect(first.shape == [2, 3, 1] && rest.shape == [2, 3, 3])
    #expect(try Tensor.concatenating([first, rest], alongDimension: -1).elements(Int.self) == Array(0..<24))

    let matrix = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(try matrix.transposed.elements(Int.self) == [1, 4, 2, 5, 3, 6])
    #expect(try matrix.flipped([1]).elements(Int.self) == [3, 2, 1, 6, 5, 4])
    #expect(try matrix.flipped([0, 1]).elements(Int.self) == [6, 5, 4, 3, 2, 1])
    #expect(try matrix.selecting(Tensor([2, 0, 2]), alongDimension: 1).elements(Int.self) == [3, 1, 3, 6, 4, 6])
    #expect(try matrix.narrowed(0, 0..<1).expanded(to: [2, 3]).elements(Int.self) == [1, 2, 3, 1, 2, 3])
  }

  @Test func writingThroughAView() throws {
    let tensor = try Tensor([1.0, 2, 3, 4], shape: [2, 2])
    try tensor.narrowed(1, 1..<2).assign(.zeros([2, 1], .float64))
    #expect(try tensor.elements() == [1.0, 0, 3, 0])
    try tensor.transposed.narrowed(0, 0..<1).addInPlace(Tensor([10.0, 20], shape: [1, 2]))
    #expect(try tensor.elements() == [11.0, 0, 23, 0])
  }

  @Test func handlesAreGivenBack() throws {
    try expectNoLeak("operations that succeed and fail") {
      let generator = try Generator(seed: 1)
      var x = try Tensor.normal([4, 4], .float64, using: generator)
      for _ in 0..<50 {
        x = try (x.matmul(x.transposed) * 0.1).tanh() + generator.state().sum().converted(to: .float64) * 0
        #expect(throws: TorchError.self) { try x.matmul(.ones([3, 3], .float64)) }
        _ = (try x.plu(), try x.qr(), try x.signAndLogDeterminant())
      }
    }
    let before = Tensor.liveHandles
    let kept = try Tensor.zeros([1])
    #expect(withExtendedLifetime(kept) { Tensor.liveHandles } == before + 1)
  }
}

@Suite(.serialized) struct TorchErrorTests {
  @Test func namesTheOperationTheShapesAndTheReason() throws {
    let error = try #require(throws: TorchError.self) { try Tensor.zeros([2, 3]).matmul(.zeros([4, 5])) }
    #expect(error.operation == "matmul")
    #expect(error.shapes == [[2, 3], [4, 5]])
    #expect(error.message == "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)")
    #expect(error.description == "matmul of [2, 3], [4, 5]: \(error.message)")
    #expect(error.localizedDescription == error.description)
  }

  @Test func isOneLineWithoutABacktrace() throws {
    let x = try Tensor.zeros([2, 3])
    let failures: [() throws -> Tensor] = [
      { try x + .zeros([4]) }, { try x.reshaped([5]) }, { try x.permuted([0, 0]) }, { try x.narrowed(0, 1..<4) },
      { try x.narrowed(7, 0..<1) }, { try x.inverse() }, { try Tensor.zeros([2, 2]).inverse() },
      { try x.selecting(Tensor([3]), alongDimension: 0) }, { try x.conv2d(x, padding: 0) },
      { try x.patches3x3() }, { try x.patches3x3Adjoint(shape: [1, 2, 3, 1]) }, { try x.sum([2]) },
      { try Tensor.concatenating([x, .zeros([3, 2])], alongDimension: 0) }, { try x.expanded(to: [3, 3]) },
      { try Tensor.zeros([2], .int64).inverse() }, { try Tensor.zeros([-1]) }, { try x.logSumExp(2) },
    ]
    for (index, failure) in failures.enumerated() {
      let error = try #require(throws: TorchError.self, "\(index)") { try failure() }
      #expect(!error.message.isEmpty && !error.message.contains("\n"), "\(error)")
      #expect(!error.message.contains("frame #") && !error.message.contains("Exception raised"), "\(error)")
    }
  }

  @Test func leavesTensorsUsable() throws {
    let x = try Tensor([1.0, 2])
    #expect(throws: TorchError.self) { try x.addInPlace(.ones([3], .float64)) }
    #expect(try x.elements() == [1.0, 2])
    try x.addInPlace(.ones([2], .float64))
    #expect(try x.elements() == [2.0, 3])
  }
}
