// swift-tools-version: 6.1
import PackageDescription

// In the clone, the package beside it; of another folder, such as SWIFT_GLOW_URL names, a version (docs/from-swift.md).
let swiftGlow: Package.Dependency =
  if let url = Context.environment["SWIFT_GLOW_URL"] {
    .package(url: url, from: "0.1.0")
  } else {
    .package(name: "swift-glow", path: "../..")
  }

func products(_ names: String...) -> [Target.Dependency] { names.map { .product(name: $0, package: "swift-glow") } }

let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v15)],
  dependencies: [swiftGlow],
  targets: [
    .executableTarget(name: "Consumer", dependencies: products("FlowModels", "Torch")),
    .executableTarget(name: "EditImage", dependencies: products("Inference", "Imaging")),
    .executableTarget(
      name: "TrainFromCode",
      dependencies: products("Training", "Runs", "FlowModels", "ModelImages", "Datasets", "Imaging", "Torch")),
    .executableTarget(
      name: "OwnFamily", dependencies: products("Training", "Runs", "FlowModels", "Flows", "Datasets", "Torch")),
  ],
  swiftLanguageModes: [.v6]
)
