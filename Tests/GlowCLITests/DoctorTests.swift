import Testing
import Torch

@testable import GlowCLI

@Suite struct DoctorTests {
  @Test func knowsProcessors() {
    let server = Processor("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nflags\t\t: fpu avx2 fma avx512f\n")
    #expect(server.name == "Some CPU @ 3 GHz" && server.used == ["AVX2", "FMA", "AVX-512"])
    let small = Processor("processor\t: 0\nFeatures\t: fp asimd bf16\nCPU part\t: 0xd0c\n")
    #expect(small.name == "0xd0c" && small.used == ["NEON", "bf16"])
    #expect(Processor("").name == "unknown" && Processor("").used.isEmpty)
  }

  @Test func marksWhatNeedsCare() {
    var page = DoctorPage()
    page.section("One")
    page.line("models", found: ["a", "b"], orElse: "none")
    page.line("layouts", found: [], orElse: "none is here")
    #expect(page.faults == 1)
    #expect(page.text == "One\n  models          a, b\n! layouts         none is here\n")
  }

  /// On a machine that computes right nothing is marked.
  @Test func numbersAreRight() throws {
    var page = DoctorPage()
    try SelfTest(on: .cpu).testNumbers(&page)
    #expect(page.faults == 0, "\(page.text)")
    #expect(page.text.split(separator: "\n").count == 3)
  }
}
