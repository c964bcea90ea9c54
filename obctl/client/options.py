"""The options that the commands for a running server share."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from obctl.client.connection import Connection
from obctl.number_types import Seconds, Whole

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


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


def subject(name: str, *spellings: str, what: str, or_all: str | None = None) -> Decorator:
    """Give a command what it is about, as its argument or as an option, whichever reads better to who types it.

    or_all: what help says of --all, which stands in its place: then the command gets None.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.argument("as_argument", type=Whole(), required=False, metavar=f"[{name.upper()}]")
        @click.option(*spellings, "as_option", type=Whole(), metavar="N", help=f"{what}, if it is no argument.")
        @wraps(function)
        def command(as_argument: int | None, as_option: int | None, all_of_them: bool = False, **options: Any) -> Any:
            given = [number for number in (as_argument, as_option) if number is not None]
            if len(given) + all_of_them != 1:
                others = ", or --all" if or_all else ""
                raise click.UsageError(f"Give {name.upper()} once, as the argument or as {spellings[0]}{others}.")
            return function(**{name: None if all_of_them else given[0]}, **options)

        return click.option("--all", "all_of_them", is_flag=True, help=or_all)(command) if or_all else command

    return decorate


account_option = click.option(
    "--account", "-a", "account_id", type=Whole(), metavar="N", required=True, help="The account whose orders they are."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
