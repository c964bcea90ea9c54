"""REST: JSON to requests, requests to commands and questions, and what came of them to JSON. No sockets in here."""
