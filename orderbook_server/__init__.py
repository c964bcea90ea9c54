"""The exchange as a process: protocols, the sequencer, the gateways (docs/server.md). `obctl serve` starts it."""
