"""Doors to the market: what a strategy trades on."""
