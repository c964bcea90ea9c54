"""The options that the commands for a running server share, and the kinds of values that they take."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial, wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from obctl.client.connection import Connection

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
SECONDS_MAX = 86_400  # a day is as good as for ever, and no clock of gRPC goes round


class Whole(click.ParamType):  # type: ignore[type-arg]
    """A whole number that fits 64 bits: ticks, lots, units, ids, sequence numbers."""

    name = "whole number"

    def __init__(self, minimum: int = 0) -> None:
        self.minimum = minimum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value)
        if not (text.isascii() and text.isdigit()) or len(text) > 20 or not self.minimum <= int(text) < 1 << 64:
            self.fail(f"{text!r} is no whole number from {self.minimum} to 2^64-1.", param, ctx)
        return int(text)


class Seconds(click.ParamType):  # type: ignore[type-arg]
    """A time in seconds, above 0."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        try:
            seconds = float(value)
        except ValueError:
            self.wrong(value, param, ctx)
        return seconds if 0 < seconds <= SECONDS_MAX else self.wrong(value, param, ctx)

    def wrong(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        """Say what would be right."""
        self.fail(f"{str(value)!r} is no number of seconds above 0, up to {SECONDS_MAX}.", param, ctx)


class ServerOption(click.Option):
    """An option that help lists apart, as every command for a server has it."""

    group = "Server"


PEM = click.Path(path_type=Path)
server_option = partial(click.option, cls=ServerOption, show_envvar=True)
CONNECTION = (
    server_option(
        "--endpoint",
        envvar=["OBCTL_ENDPOINT", "GRPC_ENDPOINT"],
        default="127.0.0.1:50051",
        show_default=True,
        metavar="HOST:PORT",
        help="The server's gRPC address, with or without a scheme; https:// is TLS.",
    ),
    server_option("--token", envvar="OBCTL_TOKEN", metavar="TOKEN", help="Where the server asks for one."),
    server_option(
        "--symbol", envvar="SYMBOL", default="", metavar="SYMBOL", help="The instrument; by default the server's first."
    ),
    server_option(
        "--tls-ca", envvar="TLS_CA", type=PEM, metavar="FILE", help="PEM file: who signed the server's certificate."
    ),
    server_option("--tls-cert", envvar="TLS_CERT", type=PEM, metavar="FILE", help="PEM file: your own certificate."),
    server_option("--tls-key", envvar="TLS_KEY", type=PEM, metavar="FILE", help="PEM file: its key."),
    server_option(
        "--timeout",
        type=Seconds(),
        default=5.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for the server.",
    ),
)


def connection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a connection, and `connection` as its first argument."""

    @wraps(function)
    def command(**options: Any) -> Any:
        connection = Connection(**{field.name: options.pop(field.name) for field in fields(Connection)})
        return function(connection, **options)

    for option in reversed(CONNECTION):
        command = option(command)
    return command


def subject(name: str, *spellings: str, what: str) -> Decorator:
    """Give a command what it is about, as its argument or as an option, whichever reads better to who types it."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.argument("as_argument", type=Whole(), required=False, metavar=f"[{name.upper()}]")
        @click.option(*spellings, "as_option", type=Whole(), metavar="N", help=f"{what}, if it is no argument.")
        @wraps(function)
        def command(as_argument: int | None, as_option: int | None, **options: Any) -> Any:
            given = [number for number in (as_argument, as_option) if number is not None]
            if len(given) != 1:
                raise click.UsageError(f"Give {name.upper()} once, as the argument or as {spellings[0]}.")
            return function(**{name: given[0]}, **options)

        return command

    return decorate


account_option = click.option("--account", "-a", "account_id", type=Whole(), metavar="N", required=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
