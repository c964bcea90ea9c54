"""The gRPC transport: `GrpcGateway` serves `orderbook.v1.OrderBookService`, health and reflection (docs/grpc.md)."""

from orderbook_server.gateways.grpc.server import GrpcGateway

__all__ = ["GrpcGateway"]
