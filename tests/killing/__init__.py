"""A server that is killed again and again while clients trade, and the audit of what it has kept."""
