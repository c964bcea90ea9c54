"""`obctl token`: tokens for the server's clients."""

from pathlib import Path
from typing import Any

import click

from obctl.errors import BadConfiguration, BadInput
from obctl.number_types import Whole
from orderbook_server.config import ConfigError

ALL = "all"


class Account(Whole):
    """The number of an account, or `all`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or the word."""
        return ALL if value == ALL else super().convert(value, param, ctx)

    def complaint(self) -> str:
        """Return what anything else is."""
        return f"neither the number of an account nor {ALL}"


@click.group()
def token() -> None:
    """Make tokens for the clients of obctl serve.

    \b
    Examples:
      obctl token new --role trader --account 7 --name alice --file tokens.toml
      obctl token new --role viewer --account all --name tv --file tokens.toml
      obctl token new --role admin --name operator --file tokens.toml
    """


@token.command()
@click.option(
    "--role",
    type=click.Choice(["admin", "trader", "viewer"]),
    required=True,
    help="admin: everything, for all accounts. trader: orders of its accounts, and reading. viewer: reading.",
)
@click.option(
    "--account",
    "accounts",
    type=Account(),
    multiple=True,
    metavar="N|all",
    help="An account that the token is for; once for each. An admin has all.",
)
@click.option("--name", required=True, help="Whose token it is, for people to read.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    required=True,
    help="The file of tokens to add it to; made where there is none.",
)
def new(role: str, accounts: tuple[int | str, ...], name: str, file: Path) -> None:
    """Make a token, print it, and add its hash to a file.

    The token is printed this once and kept nowhere. A server reads the file when it starts.

    \b
    Examples:
      obctl token new --role trader --account 7 --name alice --file tokens.toml
      obctl token new --role admin --name operator --file tokens.toml
    """
    from orderbook_server.auth import make_access
    from orderbook_server.new_token import add_token

    if ALL in accounts and len(accounts) > 1:
        raise click.UsageError("--account all goes with no other account.")
    if not name or not name.isprintable():
        raise click.UsageError("--name must have one printable character or more, and no others.")
    try:
        access = make_access(role, name, ALL if ALL in accounts else list(accounts) or None)
        click.echo(add_token(file, access))
    except ConfigError as error:
        raise BadConfiguration(str(error)) from error
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
