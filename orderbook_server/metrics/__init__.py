"""What Prometheus reads: counted where things happen, put together when asked for."""
