// swift-tools-version: 6.1
import Foundation
import PackageDescription

let files = FileManager.default

// libtorch: the folder with `include/` and `lib/`. `make setup` lays it out in `.libtorch`; LIBTORCH_DIR names another. Its
// folders are unsafe flags, which SwiftPM takes from no package that another names by version.
let named = Context.environment["LIBTORCH_DIR"] ?? ""
let libtorch = named.isEmpty ? Context.packageDirectory + "/.libtorch" : named
let compilesTorch = files.fileExists(atPath: libtorch + "/include/ATen/ATen.h")
if !compilesTorch { requireInstallation() }

// Without libtorch: CTorch as `make install` leaves it, compiled, in a library that pkg-config finds.
func requireInstallation() {
  func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(1)
  }
  let missing = "no libtorch in \(libtorch): run `make setup`, or set LIBTORCH_DIR to a folder with include/ and lib/"
  guard named.isEmpty else { fail(missing) }
  let folders = (Context.environment["PKG_CONFIG_PATH"] ?? "").split(separator: ":").map(String.init)
  guard
    let folder = (folders + ["/usr/local/lib/pkgconfig", "/usr/lib/pkgconfig"])
      .first(where: { files.fileExists(atPath: $0 + "/glow-torch.pc") })
  else { fail("\(missing), or install glow and set PKG_CONFIG_PATH to its lib/pkgconfig") }
  // While SwiftPM chooses a version, it has the manifest alone.
  let own = Context.packageDirectory + "/Sources/CTorch/include/CTorch.h"
  guard let header = files.contents(atPath: own) else { return }
  guard header == files.contents(atPath: folder + "/../glow/link/CTorch.h") else {
    fail("the glow of \(folder)/glow-torch.pc is of another version than this package: install the package's own")
  }
}

// NCCL, where this libtorch is one for NVIDIA GPUs and its headers are beside it, as `make setup` lays them out.
let hasNCCL = [
  "lib/libtorch_cuda.so", "nccl/include/nccl.h", "cuda/include/crt/host_config.h", "cuda/include/nv/target",
]
.allSatisfy { files.fileExists(atPath: "\(libtorch)/\($0)") }
let ncclHeaders =
  hasNCCL ? ["-DUSE_C10D_NCCL"] + ["nccl", "cuda"].flatMap { ["-isystem", "\(libtorch)/\($0)/include"] } : []

let torchHeaders: [CXXSetting] = [
  .unsafeFlags(
    [
      "-I\(libtorch)/include", "-I\(libtorch)/include/torch/csrc/api/include", "-Wno-everything",
      "-O3", "-DUSE_DISTRIBUTED", "-DUSE_C10D_GLOO",
    ] + ncclHeaders),
  .headerSearchPath("Bridge"), .headerSearchPath("Kernels"), .headerSearchPath("Kernels/Conditioner"),
  .headerSearchPath("Distributed/gloo_names"),
]
let torchLibraries: [LinkerSetting] =
  [
    .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
    .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
  ] + (hasNCCL ? [.linkedLibrary("torch_cuda"), .linkedLibrary("c10_cuda")] : [])
let torchBridge: Target =
  compilesTorch
  ? .target(name: "CTorch", cxxSettings: torchHeaders, linkerSettings: torchLibraries)
  : .systemLibrary(name: "CTorch", path: "Packaging/CTorch", pkgConfig: "glow-torch")

// `make fuzz` builds with GLOW_FUZZING.
let isForFuzzing = Context.environment["GLOW_FUZZING"] != nil
let instrumentation: [CSetting] = isForFuzzing ? [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])] : []

let package = Package(
  name: "swift-glow",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Safetensors", targets: ["Safetensors"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "Flows", targets: ["Flows"]),
    .library(name: "FlowModels", targets: ["FlowModels"]),
    .library(name: "WeightLayouts", targets: ["WeightLayouts"]),
    .library(name: "Codec", targets: ["Codec"]),
    .library(name: "Imaging", targets: ["Imaging"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Cluster", targets: ["Cluster"]),
    .library(name: "Runs", targets: ["Runs"]),
    .library(name: "ModelImages", targets: ["ModelImages"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Analysis", targets: ["Analysis"]),
    .library(name: "Inference", targets: ["Inference"]),
    .library(name: "Studio", targets: ["Studio"]),
    .library(name: "GlowCLI", targets: ["GlowCLI"]),
    .executable(name: "glow", targets: ["glow"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    torchBridge,
    .target(name: "Files"),
    .target(name: "Safetensors", dependencies: ["Files"]),
    .target(name: "Multipart", dependencies: ["Files"]),
    .target(name: "Torch", dependencies: ["CTorch", "Safetensors"]),
    .target(name: "Flows", dependencies: ["Torch", "CTorch", "Files"]),
    .target(name: "FlowModels", dependencies: ["Flows", "Safetensors", "Files"]),
    .target(name: "CCodec"),
    .target(
      name: "Codec",
      dependencies: ["CCodec", "CImageCodecs", "CDataFormats", "Imaging", "FlowModels", "Flows", "Torch", "Files"]),
    .target(
      name: "WeightLayouts", dependencies: ["FlowModels", "Safetensors", "Files"], resources: [.copy("Layouts")]),
    .target(
      name: "CImageCodecs", cSettings: instrumentation,
      linkerSettings: [
        .linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("webp"), .linkedLibrary("jxl"),
        .linkedLibrary("z"),
      ]),
    .target(name: "Imaging", dependencies: ["CImageCodecs", "Files"]),
    .systemLibrary(name: "CDataFormats"),
    .target(
      name: "Datasets",
      dependencies: [
        "Safetensors", "Imaging", "CImageCodecs", "CDataFormats", "Files",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Formats/TFRecord/Protobuf/example.proto"]),
    .target(name: "ModelImages", dependencies: ["FlowModels", "Datasets", "Imaging"]),
    .target(name: "Runs", dependencies: ["FlowModels", "Files"]),
    .target(name: "Plotting", dependencies: ["Files"]),
    .target(name: "Cluster", dependencies: ["Torch", "Files"]),
    .target(
      name: "Training",
      dependencies: [
        "Runs", "Cluster", "FlowModels", "ModelImages", "Datasets", "Imaging", "Safetensors", "Files", "CTorch",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["TensorBoard/event.proto"]),
    .target(
      name: "Analysis", dependencies: ["FlowModels", "ModelImages", "Datasets", "Imaging", "Safetensors", "Files"]),
    .target(name: "Reporting", dependencies: ["Training", "Runs", "Imaging", "Plotting", "Files"]),
    .target(
      name: "Inference",
      dependencies: [
        "Analysis", "Codec", "FlowModels", "Flows", "ModelImages", "Datasets", "Imaging", "Safetensors", "Files",
      ]),
    .target(
      name: "Studio",
      dependencies: [
        "Inference", "Training", "Runs", "Analysis", "Codec", "FlowModels", "ModelImages", "Datasets", "Imaging",
        "CImageCodecs", "Multipart",
        "Safetensors", "Files",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.copy("Page")]),
    .target(
      name: "GlowCLI",
      dependencies: [
        "Training", "Cluster", "Codec", "Runs", "Reporting", "WeightLayouts", "ModelImages", "Analysis", "Inference",
        "Studio",
        "Imaging",
        "Datasets", "FlowModels", "Safetensors", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
      ]),
    .target(name: "CStart"),
    .executableTarget(name: "glow", dependencies: ["GlowCLI", "CStart"]),
    .executableTarget(
      name: "study-report",
      dependencies: [
        "Reporting", "Runs", "Plotting", "Imaging", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "glow-with-nice", dependencies: ["GlowCLI", "FlowModels", "Flows", "Torch"], path: "Tests/ThirdFamily"),
    .target(name: "TestSupport", dependencies: ["Flows", "FlowModels"], path: "Tests/TestSupport"),
    .systemLibrary(name: "CLMDB", path: "Tests/CLMDB"),
    .target(name: "PictureFixtures", path: "Tests/PictureFixtures"),
    .target(
      name: "ParserFuzzing",
      dependencies: [
        "Training", "Runs", "FlowModels", "WeightLayouts", "Analysis", "Datasets", "Imaging", "CImageCodecs",
        "Codec", "Multipart",
        "Safetensors", "Files", "PictureFixtures",
      ],
      path: "Fuzzing/Parsers"),
    .testTarget(name: "SafetensorsTests", dependencies: ["Safetensors", "Torch", "TestSupport"]),
    .testTarget(name: "TorchTests", dependencies: ["Torch", "TestSupport"]),
    .testTarget(name: "FlowsTests", dependencies: ["Flows", "TestSupport"]),
    .testTarget(name: "FlowModelsTests", dependencies: ["FlowModels", "Files", "TestSupport"], exclude: ["Fixtures"]),
    .testTarget(
      name: "CodecTests",
      dependencies: ["Codec", "CCodec", "CImageCodecs", "Imaging", "FlowModels", "Flows", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(name: "WeightLayoutsTests", dependencies: ["WeightLayouts", "TestSupport"]),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging", "PictureFixtures"]),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Imaging", "Safetensors", "CDataFormats", "CLMDB", "Files"]),
    .testTarget(name: "PlottingTests", dependencies: ["Plotting"]),
    .target(name: "ThreadedJobs", dependencies: ["Cluster", "Torch"], path: "Tests/ThreadedJobs"),
    .testTarget(name: "ClusterTests", dependencies: ["Cluster", "Torch", "ThreadedJobs"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Runs", "Cluster", "ModelImages", "Imaging", "TestSupport", "ThreadedJobs",
        .product(name: "InMemoryLogging", package: "swift-log"),
      ],
      exclude: ["read_events.py"]),
    .testTarget(name: "ReportingTests", dependencies: ["Reporting", "Runs", "Training", "FlowModels", "Plotting"]),
    .testTarget(name: "StudyReportTests", dependencies: ["study-report", "Reporting"]),
    .testTarget(name: "AnalysisTests", dependencies: ["Analysis", "ModelImages", "TestSupport"]),
    .target(
      name: "ServedModels",
      dependencies: ["Analysis", "FlowModels", "Datasets", "Imaging", "Inference", "TestSupport"],
      path: "Tests/ServedModels"),
    .testTarget(name: "RunsTests", dependencies: ["Runs", "Training", "FlowModels", "Files", "TestSupport"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
    .testTarget(name: "MultipartTests", dependencies: ["Multipart"]),
    .testTarget(name: "InferenceTests", dependencies: ["Inference", "ServedModels"]),
    .testTarget(
      name: "StudioTests",
      dependencies: [
        "Studio", "Inference", "Codec", "FlowModels", "Runs", "Training", "Imaging", "ServedModels", "PictureFixtures",
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOEmbedded", package: "swift-nio"),
      ]),
    .testTarget(name: "CLITests", dependencies: ["Imaging", "PictureFixtures", "Files"]),
    .testTarget(
      name: "GlowCLITests",
      dependencies: ["GlowCLI", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .testTarget(
      name: "ParserFuzzingTests", dependencies: ["ParserFuzzing", "TestSupport"], exclude: ["Found"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

if isForFuzzing {
  package.targets += [
    .systemLibrary(name: "CLibFuzzer", path: "Fuzzing/CLibFuzzer"),
    .executableTarget(name: "fuzz", dependencies: ["ParserFuzzing", "CLibFuzzer"], path: "Fuzzing/Command"),
  ]
}
