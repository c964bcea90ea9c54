"""`obctl account`: what accounts of a running server have, and giving and taking it."""

import json
from typing import TYPE_CHECKING

import click

from obctl.client.answers import balance_lines, plain_balance
from obctl.client.connection import Connection, connected, instrument_of
from obctl.client.options import connection_options, json_option, subject
from obctl.number_types import Whole
from obctl.setting_options import GroupedCommand
from orderbook import AccountSnapshot

if TYPE_CHECKING:
    from agents.gateways.grpc import InstrumentInfo

account_subject = subject("account_id", "--account", "-a", what="The account")
base_option = click.option("--base", type=Whole(), metavar="LOTS", help="Units of the base asset.")
quote_option = click.option("--quote", type=Whole(), metavar="UNITS", help="Units of the quote asset.")


@click.group()
def account() -> None:
    """Give to accounts of a running server, take from them, and see what they have.

    ACCOUNT_ID may be given as the argument or as --account. A lot is one unit of the base asset; one lot at price 1
    costs one unit of the quote asset.

    \b
    Examples:
      obctl account credit 1 --base 1000 --quote 1000000
      obctl account debit 1 --quote 500
      obctl account balance 1
    """


@account.command(cls=GroupedCommand)
@account_subject
@base_option
@quote_option
@json_option
@connection_options
def credit(connection: Connection, account_id: int, base: int | None, quote: int | None, as_json: bool) -> None:
    """Give an account base, quote or both. An account that is not there yet is made.

    Where the server asks for tokens, this is for admins.

    \b
    Examples:
      obctl account credit 1 --base 1000 --quote 1000000
      obctl account credit --account 1 --quote 0 --json
    """
    amounts = amounts_of(base, quote)
    with connected(connection) as client:
        instrument = instrument_of(client, connection.symbol)
        balance = client.credit_account(account_id, *amounts)
    print_balance(account_id, instrument, balance, as_json)


@account.command(cls=GroupedCommand)
@account_subject
@base_option
@quote_option
@json_option
@connection_options
def debit(connection: Connection, account_id: int, base: int | None, quote: int | None, as_json: bool) -> None:
    """Take base, quote or both from what an account has available: all that is asked for, or nothing.

    Where the server asks for tokens, this is for admins.

    \b
    Examples:
      obctl account debit 1 --base 10
      obctl account debit --account 1 --quote 500 --json
    """
    amounts = amounts_of(base, quote)
    with connected(connection) as client:
        instrument = instrument_of(client, connection.symbol)
        balance = client.debit_account(account_id, *amounts)
    print_balance(account_id, instrument, balance, as_json)


@account.command(cls=GroupedCommand)
@account_subject
@json_option
@connection_options
def balance(connection: Connection, account_id: int, as_json: bool) -> None:
    """Print what an account has of an instrument's two assets: available, and reserved for its resting orders.

    \b
    Examples:
      obctl account balance 1
      obctl account balance --account 1 --json
    """
    with connected(connection) as client:
        instrument = instrument_of(client, connection.symbol)
        snapshot = client.get_balance(account_id)
    print_balance(account_id, instrument, snapshot, as_json)


def amounts_of(base: int | None, quote: int | None) -> tuple[int, int]:
    """Return what to give or take; UsageError where nothing was said."""
    if base is None and quote is None:
        raise click.UsageError("Give --base, --quote or both.")
    return base or 0, quote or 0


def print_balance(account_id: int, instrument: "InstrumentInfo", balance: AccountSnapshot, as_json: bool) -> None:
    """Print what an account has."""
    if as_json:
        click.echo(json.dumps(plain_balance(account_id, instrument, balance), indent=2))
    else:
        click.echo("\n".join(balance_lines(account_id, instrument, balance)))
