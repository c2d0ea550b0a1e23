import ArgumentParser
import Datasets
import Files
import FlowModels
import Foundation
import Runs
import Torch
import WeightLayouts

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this machine gives to Glow, and test its numbers and speed in ten seconds.",
    discussion: """
      One page: the program, the processor and what of it is used, libtorch, threads, memory, disk, data sets and models that \
      are found, other programs. Then a self-test: what comes back from latents, a gradient beside a numerical one, products \
      of matrices; and how fast these, memory and a training step are. What is not as it should be is marked and \
      explained, and the exit status is then 1.

      Example:
        glow doctor
      """)

  @OptionGroup var runtime: RuntimeOptions

  func run() throws {
    let device = try runtime.start()
    var page = DoctorPage()
    program(&page)
    machine(&page)
    libtorch(&page)
    data(&page)
    models(&page)
    others(&page)
    page.section("Self-test on \(device), \(counted(Runtime.threadCount, "thread"))")
    try SelfTest(on: device).run(&page)
    print(page.text)
    guard page.faults == 0 else {
      fflush(nil)
      throw DoctorFault(
        description: "\(counted(page.faults, "line")) above marked ! \(page.faults == 1 ? "needs" : "need") care")
    }
    print("All is well.")
  }

  private func program(_ page: inout DoctorPage) {
    page.section("Program")
    page.line("version", "glow \(ProgramVersion.current)")
    page.line("file", ProgramFiles.current.program.path)
    page.line("layouts", found: WeightLayout.shippedNames, orElse: "none is here: install the program again")
  }

  private func machine(_ page: inout DoctorPage) {
    page.section("Machine")
    let processor = Processor.current
    page.line("system", MachineFacts.system)
    page.line("processor", "\(processor.name), \(counted(ProcessInfo.processInfo.activeProcessorCount, "core"))")
    page.line("used of it", processor.used.isEmpty ? "nothing beyond its base" : processor.used.joined(separator: ", "))
    let total = ByteCount(bytes: Int(ProcessInfo.processInfo.physicalMemory))
    page.line("memory", MachineFacts.availableMemory.map { "\(ByteCount(bytes: $0)) free of \(total)" } ?? "\(total)")
    page.line("disk here", MachineFacts.freeDisk.map { "\(ByteCount(bytes: $0)) free" } ?? "not known")
    if let free = MachineFacts.freeDisk, free < 1_000_000_000 {
      page.fault("disk here", "less than 1 GB is free: a run keeps checkpoints and pictures beside them")
    }
    page.line("load", MachineFacts.load)
    page.line("text", Terminal.isUTF8 ? "UTF-8" : "ASCII, by the locale")
  }

  private func libtorch(_ page: inout DoctorPage) {
    page.section("libtorch")
    page.line("version", Runtime.libraryVersion ?? Runtime.headerVersion)
    page.line("kernels", MachineFacts.libtorchCapability)
    page.line(
      "training",
      Runtime.hasBFloat16Products ? "bf16 where a run finds no harm" : "float32: the processor has no bf16 products")
    page.line("GPUs", Device.cudaCount > 0 ? "\(Device.cudaCount)" : "none that this libtorch can use")
  }

  private func data(_ page: inout DoctorPage) {
    page.section("Data sets")
    let sets = DatasetKinds.entries.compactMap { try? DatasetSource(parsing: $0.spelling) }.filter { $0.isInstalled }
    for source in sets {
      page.line(
        "\(source)", source.exists ? source.folder.path : "not here: `make data`, or apt install dataset-fashion-mnist")
    }
    let folders = Completions.folders(beginningAs: ".data/").filter { (try? DatasetSource(naming: $0)) != nil }
    if !folders.isEmpty { page.line("in .data", folders.map { String($0.dropFirst(6)) }.joined(separator: ", ")) }
  }

  private func models(_ page: inout DoctorPage) {
    page.section("Models")
    page.line(
      "shipped", found: ModelLocation.shippedNames, orElse: "none is here: GLOW_MODELS names folders that hold some")
    for folder in (ProcessInfo.processInfo.environment["GLOW_MODELS"] ?? "").split(separator: ":")
    where !FileIdentity.isFolder(String(folder)) {
      page.fault("GLOW_MODELS", "there is no folder \(folder)")
    }
    let runs = (try? RunSummary.runs(in: URL(filePath: "runs"))) ?? []
    page.line(
      "runs", runs.isEmpty ? "none below runs" : "\(counted(runs.count, "run")) below runs: `glow runs` lists them")
  }

  private func others(_ page: inout DoctorPage) {
    page.section("Other programs")
    for (name, purpose) in [("ffmpeg", "videos as MP4"), ("rsvg-convert", "charts as PNG")] {
      page.line(name, Files.program(named: name)?.path ?? "not here; only for \(purpose)")
    }
  }
}

/// Something of a machine is not as it should be.
struct DoctorFault: Error, CustomStringConvertible { let description: String }

/// Lines under titles, of which some are marked.
struct DoctorPage {
  private(set) var text = ""
  private(set) var faults = 0

  mutating func section(_ title: String) { text += (text.isEmpty ? "" : "\n") + title + "\n" }
  mutating func line(_ name: String, _ value: String) { add(" ", name, value) }

  mutating func fault(_ name: String, _ value: String) {
    faults += 1
    add("!", name, value)
  }

  mutating func line(_ name: String, found names: [String], orElse sentence: String) {
    if names.isEmpty { fault(name, sentence) } else { line(name, names.joined(separator: ", ")) }
  }

  private mutating func add(_ mark: String, _ name: String, _ value: String) {
    text += "\(mark) " + name.padding(toLength: max(14, name.count), withPad: " ", startingAt: 0) + "  " + value + "\n"
  }
}
