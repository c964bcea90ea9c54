"""What it costs the server, and those who trade on it, that many watch: `python -m asv_benchmarks.watching`."""
