#!/usr/bin/env bash
# Generates Sources/Datasets/Protobuf/example.pb.swift from example.proto beside it, with Debian's protoc and the plugin
# of swift-protobuf.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

need_packages protobuf-compiler
swift build -c release --product protoc-gen-swift
protoc --plugin=.build/release/protoc-gen-swift --proto_path=Sources/Datasets/Protobuf \
  --swift_out=Sources/Datasets/Protobuf example.proto
