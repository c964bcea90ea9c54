"""What the project measures: benchmarks for asv, and what callgrind counts. See README.md here."""
