"""Settings as they are shown: as plain values, and as a TOML file that says the same."""

import json
from collections.abc import Mapping

from orderbook_server.config.settings import Settings, settings_by_key


def as_plain(settings: Settings) -> dict[str, object]:
    """Return {key: value} of all settings, of str, int, float, bool, None, and a list of dict for the instruments."""
    return {
        key: setting.kind.to_toml(getattr(settings, field.name)) for key, (field, setting) in settings_by_key().items()
    }


def as_toml(settings: Settings) -> str:
    """Return settings as a TOML file, from which reading makes the same settings."""
    plain = as_plain(settings)
    tables = {key: value for key, value in plain.items() if isinstance(value, list)}
    parts = [_lines({key: value for key, value in plain.items() if key not in tables})]
    parts += [f"[[{key}]]\n{_lines(table)}" for key, rows in tables.items() for table in rows]
    return "\n".join(parts)


def _lines(values: Mapping[str, object]) -> str:
    """Return `key = value` lines. Strings of printable characters are written in JSON as in TOML."""
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if value is not None
    )
