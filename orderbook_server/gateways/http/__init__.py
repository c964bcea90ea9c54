"""HTTP: the page, its feed, REST, and /metrics for Prometheus."""
