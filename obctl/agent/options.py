"""Options made from settings."""

from collections.abc import Callable
from typing import Any

import click

from obctl.agent.settings import Entry, SettingsReader
from obctl.setting_options import SettingType
from orderbook_server.config.kinds import Flag


class EntryOption(click.Option):
    """An option made from a setting, which help lists under the setting's group."""

    def __init__(self, entry: Entry) -> None:
        self.group = entry.group
        is_flag = isinstance(entry.kind, Flag)
        super().__init__(
            [f"{entry.option}/--no-{entry.option[2:]}" if is_flag else entry.option, entry.key],
            type=None if is_flag else SettingType(entry.kind),
            default=None,
            metavar=entry.kind.metavar or None,
            help=entry.help + default_note(entry),
        )


def default_note(entry: Entry) -> str:
    """Return what help says of a default."""
    if entry.default in (None, "") or isinstance(entry.default, bool):
        return ""
    return f"  [default: {entry.kind.to_toml(entry.default)}]"


def options_of(*readers: SettingsReader[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command the options of some settings, in their groups."""
    options = [EntryOption(entry) for reader in readers for entry in reader.entries]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__click_params__ = [*getattr(function, "__click_params__", []), *reversed(options)]  # type: ignore[attr-defined]
        return function

    return decorate
