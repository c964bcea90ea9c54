"""The project's figures, for asv: see ../README.md."""
