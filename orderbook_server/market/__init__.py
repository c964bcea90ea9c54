"""The market as people look at it: best levels, trades, bars, and what of them has changed. No sockets."""
