"""`obctl demo`: an exchange, agents that trade on it, and a view of what they do, in one process and one event loop."""
