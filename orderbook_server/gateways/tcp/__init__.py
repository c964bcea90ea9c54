"""The line protocol on TCP: sockets, and no word of what the bytes mean."""

from orderbook_server.gateways.tcp.gateway import TcpGateway

__all__ = ["TcpGateway"]
