"""Transports: they carry bytes and messages between clients and protocols, and know nothing of commands."""
