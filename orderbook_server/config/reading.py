"""Where settings come from: options, the environment, a TOML file, in this order."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderbook_server.config.errors import ConfigError
from orderbook_server.config.settings import Settings, settings_by_key

ENVIRONMENT_PREFIX = "OBCTL_SERVE_"


def read_settings(
    options: Mapping[str, str | bool] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Return the settings: each from the first that has it of options, environment and file, else its default.

    options: {key: text, or a bool for a flag}. environment: OBCTL_SERVE_ and the key in upper case; LOG_LEVEL where
    OBCTL_SERVE_LOG_LEVEL is not set; an empty variable is none. Raise ConfigError naming option, variable or key.
    """
    values = {} if file is None else _from_file(file)
    values |= _from_environment(environment or {})
    values |= _from_options(options or {})
    return Settings(**values)


def _from_file(path: Path) -> dict[str, Any]:
    """Return {field: value} of a TOML file."""
    known = settings_by_key()
    values = {}
    for key, value in read_toml(path).items():
        if key not in known:
            raise ConfigError(path, key, problem=f"is no setting; those are {', '.join(known)}")
        field, setting = known[key]
        try:
            values[field.name] = setting.kind.of_toml(value, path.parent)
        except ValueError as error:
            raise ConfigError(path, key, problem=str(error)) from error
    return values


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds, decimals as Decimal; raise ConfigError naming it."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise ConfigError(path, problem=f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise ConfigError(path, problem=f"is not TOML: {error}") from error
    except ArithmeticError as error:
        raise ConfigError(path, problem="is not TOML: a number is out of range") from error
    except RecursionError as error:
        raise ConfigError(path, problem="is not TOML: brackets are nested too deep") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return {field: value} of the environment."""
    values = {}
    for key, (field, setting) in settings_by_key().items():
        names = [f"{ENVIRONMENT_PREFIX}{key.upper()}", *(["LOG_LEVEL"] if key == "log_level" else [])]
        for name in filter(environment.get, names):
            try:
                values[field.name] = setting.kind.of_text(environment[name])
            except ValueError as error:
                raise ConfigError(name, problem=str(error)) from error
            break
    return values


def _from_options(options: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return {field: value} of options."""
    known = settings_by_key()
    values = {}
    for key, value in options.items():
        field, setting = known[key]
        try:
            values[field.name] = value if isinstance(value, bool) else setting.kind.of_text(value)
        except ValueError as error:
            raise ConfigError(f"--{key.replace('_', '-')}", problem=str(error)) from error
    return values
