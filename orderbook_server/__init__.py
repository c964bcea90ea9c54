"""The exchange as a process: protocols, the sequencer, the gateways. `obctl serve` starts it; docs/server.md describes it."""
