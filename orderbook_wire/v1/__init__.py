"""Version 1, the protobuf package `orderbook.v1`: messages in `orderbook_pb2`, the service in `orderbook_pb2_grpc`."""
