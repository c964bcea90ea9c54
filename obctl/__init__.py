"""The command line of the order book."""
