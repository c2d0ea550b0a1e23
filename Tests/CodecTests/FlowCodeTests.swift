import CCodec
import Codec
import FlowModels
import Flows
import Foundation
import TestSupport
import Testing
import Torch

/// Images come back from the code of a flow, which costs what the model says.
@Suite(.serialized) struct FlowCodeTests {
  /// A model with random weights, and images of noise for it.
  struct Coded: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let configuration: any FlowConfiguration

    /// - Parameter pixelSteps: masked steps before the Glow; 0 for none.
    init(_ variant: Variant, pixelSteps: Int = 0) {
      testDescription = variant.testDescription
      let glow = variant.configuration
      configuration =
        pixelSteps == 0 ? glow : MaskedGlowConfiguration(pixelSteps: pixelSteps, pixelHidden: 6, before: glow)
    }

    static let masked = Coded(
      Variant("masked", height: 8, width: 12) {
        $0.hidden = 10
        $0.scale = .bounded
        $0.edgeChannel = true
        $0.classNames = ["a", "b"]
        $0.labelConditioning = .everywhere
      }, pixelSteps: 4)
    static let all =
      Variant.all.map { Coded($0) } + [
        masked, Coded(Variant("a line", height: 2, width: 16, channels: 1, levels: 1) { $0.edgeChannel = true }),
      ]

    /// Every parameter is random, those that a fresh model has at zero included.
    func model() throws -> any FlowModel {
      let model = try configuration.makeModel(options: TensorOptions(.float32), seed: 3)
      let noise = try randomTensor(model.parameters.values.shape, seed: 4, scale: 0.1)
      try model.parameters.values.addInPlace(noise.converted(to: .float32))
      return model
    }

    var dimensions: Int { configuration.dimensions }

    /// Of the model's bits.
    func image(_ number: Int) -> [UInt8] {
      var random = SplitMix(UInt64(number))
      return (0..<dimensions).map { _ in .random(in: 0...UInt8((1 << configuration.bits) - 1), using: &random) }
    }

    var kind: ConditionKind {
      let attributes = configuration.attributeNames.count
      return configuration.classCount > 0
        ? .labels(configuration.classCount) : attributes > 0 ? .attributes(attributes) : .none
    }

    func pictureCondition(_ number: Int) -> PictureCondition {
      switch kind {
      case .none: .none
      case .labels(let count): .label(number % count)
      case .attributes(let count): .attributes((0..<count).map { (number + $0) % 3 - 1 })
      }
    }

    func condition(_ number: Int) -> [Double]? {
      if configuration.classCount > 0 {
        return (0..<configuration.classCount).map { $0 == number % configuration.classCount ? 1 : 0 }
      }
      let values = [1, -1, 0.0]
      let count = configuration.attributeNames.count
      return count == 0 ? nil : (0..<count).map { values[(number + $0) % 3] }
    }
  }

  @Test(arguments: Coded.all) func everyImageComesBack(_ variant: Coded) throws {
    let code = try FlowCode(variant.model().blueprint())
    let (coder, stack) = (FlowCoder(code), SymbolStack(key: 9))
    let numbers = 0..<12
    for number in numbers.reversed() {
      coder.tell(variant.condition(number))
      #expect(coder.encode(variant.image(number), onto: stack))
    }
    let (words, drawn) = (stack.words, stack.drawnCount)
    let (reader, read) = (FlowCoder(code), try #require(SymbolStack(words: words, key: 9)))
    var image = [UInt8](repeating: 0, count: variant.dimensions)
    for number in numbers {
      reader.tell(variant.condition(number))
      #expect(reader.decode(&image, from: read))
      #expect(image == variant.image(number), "image \(number)")
    }
    #expect(read.seed(drawn: drawn, count: 0) == [])
  }

  /// The noise that the coder takes from the stack is known, so the model can be asked about the same point.
  @Test(arguments: Coded.all) func codeLengthIsTheModels(_ variant: Coded) throws {
    let model = try variant.model()
    let coder = FlowCoder(try FlowCode(model.blueprint()))
    var (excess, count) = (0.0, 0)
    for number in 0..<8 {
      let (stack, noise) = (SymbolStack(key: UInt64(number)), SymbolStack(key: UInt64(number)))
      coder.tell(variant.condition(number))
      let image = variant.image(number)
      #expect(coder.encode(image, onto: stack))
      let bits = variant.configuration.bits
      let cells = Double(1 << (14 - bits))
      let channels = variant.configuration.channels
      var x = [Double](repeating: 0, count: image.count)
      for channel in 0..<channels {
        for place in stride(from: channel, to: image.count, by: channels) {
          let u = (Double(noise.pop(base: UInt64(cells))) + 0.5) / cells
          x[place] = (Double(image[place]) + u) / Double(1 << bits) - 0.5
        }
      }
      let tensor = try Tensor(
        x, shape: [1, variant.configuration.height, variant.configuration.width, variant.configuration.channels]
      )
      .converted(to: .float32)
      let expected = try model.bitsPerDimension(tensor, labels: labels(of: variant, number)).elements(Double.self)[0]
      excess += stack.bits / Double(variant.dimensions) - expected
      count += 1
    }
    #expect(abs(excess / Double(count)) < 0.02, "\(excess / Double(count)) bits/dim more than the model says")
  }

  private func labels(of variant: Coded, _ number: Int) throws -> Tensor? {
    if variant.configuration.classCount > 0 { return try Tensor([number % variant.configuration.classCount]) }
    return try variant.condition(number).map { try Tensor($0, shape: [1, $0.count]).converted(to: .float32) }
  }

  /// Every kernel that this machine has gives the same words.
  @Test func kernelsAgree() throws {
    #expect(cc_kernel_works(0) != 0)
    defer { cc_kernel_use(-1) }
    for variant in [Coded.all[0], Coded.all[3], .masked] {
      var found: [[UInt16]] = []
      for kernel in 0..<cc_kernel_count() where cc_kernel_works(kernel) != 0 {
        cc_kernel_use(kernel)
        let (coder, stack) = (FlowCoder(try FlowCode(variant.model().blueprint())), SymbolStack(key: 9))
        coder.tell(variant.condition(1))
        for number in 0..<4 { #expect(coder.encode(variant.image(number), onto: stack)) }
        found.append(stack.words)
      }
      #expect(Set(found).count == 1, "\(variant.testDescription): \(found.map(\.count))")
    }
  }

  /// A picture that leads out of range leaves the stack as it was, so that it can be stored otherwise.
  @Test func outOfRange() throws {
    let variant = Coded(Variant("wild", levels: 1, steps: 1) { $0.scale = .exponential })
    let model = try variant.model()
    let wild = try #require(model.parameters.parameters.first { $0.name.hasSuffix("conv3.bias") })
    try wild.value.assign(try Tensor.full(12, wild.value.shape, .float32))
    let (coder, stack) = (FlowCoder(try FlowCode(model.blueprint())), SymbolStack(key: 2))
    stack.push(77, base: 100)
    let before = (stack.words, stack.drawnCount)
    #expect(!coder.encode(variant.image(1), onto: stack))
    #expect(stack.words == before.0 && stack.drawnCount == before.1)
  }

  /// Words that nobody wrote give a picture or an error, and no crash.
  @Test func damagedWords() throws {
    let variant = Coded.all[1]
    let coder = FlowCoder(try FlowCode(variant.model().blueprint()))
    var random = SplitMix(5)
    var image = [UInt8](repeating: 0, count: variant.dimensions)
    for _ in 0..<50 {
      let words = (0..<400).map { _ in UInt16.random(in: .min ... .max, using: &random) } + [7, 0x8000, 1]
      let stack = try #require(SymbolStack(words: words, key: 1))
      _ = coder.decode(&image, from: stack)
    }
  }

  @Test func familiesWithoutACode() throws {
    let model = try RealNVPConfiguration.standard.makeModel(options: TensorOptions(.float32), seed: 0)
    let error = try #require(throws: ModelError.self) { _ = try model.blueprint() }
    #expect("\(error)".contains("a RealNVP has no blueprint"))
  }
}
