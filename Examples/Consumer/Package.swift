// swift-tools-version: 6.1
import PackageDescription

// A path, as libtorch's folders are unsafe flags to SwiftPM: see docs/embedding.md for what else works.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-glow", path: "../..")],
  targets: [
    .executableTarget(
      name: "Consumer",
      dependencies: [
        .product(name: "FlowModels", package: "swift-glow"), .product(name: "Torch", package: "swift-glow"),
      ]),
    .executableTarget(
      name: "EditImage",
      dependencies: [
        .product(name: "Inference", package: "swift-glow"), .product(name: "Imaging", package: "swift-glow"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
