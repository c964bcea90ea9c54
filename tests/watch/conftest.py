"""Settings of the tests of the view."""

from ..server.conftest import quiet_logs  # noqa: F401 - for servers here too
