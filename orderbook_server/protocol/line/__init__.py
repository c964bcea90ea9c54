"""The line protocol of TCP (docs/tcp.md), compiled."""
