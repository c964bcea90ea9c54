"""What it costs that nothing acknowledged is ever lost: `python -m asv_benchmarks.durability`."""
