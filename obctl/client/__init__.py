"""What the commands for a running server share: its options, the connection, and how answers are shown."""
