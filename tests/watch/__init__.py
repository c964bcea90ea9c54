"""The view in the terminal: its parts, its keys, and what it shows of markets."""
