"""Where the market that is watched comes from: a running server, a file, a data directory."""
