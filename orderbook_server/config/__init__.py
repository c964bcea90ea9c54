"""The settings of the server: what there is, how it is written, where it is read from (docs/server.md)."""

from orderbook_server.config.address import Address
from orderbook_server.config.errors import ConfigError
from orderbook_server.config.reading import ENVIRONMENT_PREFIX, read_settings
from orderbook_server.config.settings import Setting, Settings, settings_by_key
from orderbook_server.config.sync import Sync
from orderbook_server.config.writing import as_plain, as_toml

__all__ = [
    "ENVIRONMENT_PREFIX",
    "Address",
    "ConfigError",
    "Setting",
    "Settings",
    "Sync",
    "as_plain",
    "as_toml",
    "read_settings",
    "settings_by_key",
]
