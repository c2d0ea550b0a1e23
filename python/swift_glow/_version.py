"""The version of swift-glow that this package is a part of."""
VERSION = "0.1.0"
