"""What keeps a strategy alive on a gateway: the wait for a server, the back-off, a clean start and a clean end."""
