"""Agents: strategies without I/O, gateways to trade on, the runner that keeps them alive, and a simulation."""
