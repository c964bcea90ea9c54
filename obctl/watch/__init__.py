"""`obctl watch`: the market in the terminal, live from a server, or played from what was written down."""
