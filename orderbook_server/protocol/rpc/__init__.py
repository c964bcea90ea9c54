"""Protobuf messages to commands, results and events to messages (docs/grpc.md)."""
