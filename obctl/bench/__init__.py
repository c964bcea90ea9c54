"""Measurements of the server, each beside something bare that shows what the machine itself gives."""
