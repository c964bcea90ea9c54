"""Bytes to commands, answers and events to bytes, per transport. No sockets, no clocks."""
