"""Accounts: credits, debits, balances."""

from orderbook import OrderBookError, UnknownAccount
from orderbook_server.protocol.rpc.common import OK, Desk, refused
from orderbook_wire.v1 import orderbook_pb2 as wire


class Accounts:
    """Carries out the commands about an instrument's two assets."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _balance(self, symbol: str, account_id: int) -> wire.AccountBalance:
        """Return what an account has; raise UnknownSymbol, UnknownAccount."""
        has = self._desk.market(symbol).account_snapshot(account_id)
        if has is None:
            raise UnknownAccount(f"account {account_id} was never credited")
        return wire.AccountBalance(
            account_id=account_id,
            available_base=has.available_base,
            reserved_base=has.reserved_base,
            available_quote=has.available_quote,
            reserved_quote=has.reserved_quote,
        )

    def credit(self, request: wire.CreditAccountRequest) -> wire.CreditAccountResponse:
        """Give an account base and quote."""
        try:
            position = self._desk.position(request.symbol)
            self._desk.sequencer.credit_account(position, request.account_id, request.base, request.quote)
        except OrderBookError as error:
            return wire.CreditAccountResponse(status=refused(error.code))
        return wire.CreditAccountResponse(status=OK, balance=self._balance(request.symbol, request.account_id))

    def debit(self, request: wire.DebitAccountRequest) -> wire.DebitAccountResponse:
        """Take base and quote from an account: both or neither."""
        try:
            position = self._desk.position(request.symbol)
            self._desk.sequencer.debit_account(position, request.account_id, request.base, request.quote)
        except OrderBookError as error:
            return wire.DebitAccountResponse(status=refused(error.code))
        return wire.DebitAccountResponse(status=OK, balance=self._balance(request.symbol, request.account_id))

    def balance(self, request: wire.GetBalanceRequest) -> wire.GetBalanceResponse:
        """Return what an account has."""
        try:
            balance = self._balance(request.symbol, request.account_id)
        except OrderBookError as error:
            return wire.GetBalanceResponse(status=refused(error.code))
        return wire.GetBalanceResponse(status=OK, balance=balance)
