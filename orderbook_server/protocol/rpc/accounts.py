"""Accounts: credits, debits, balances."""

from orderbook import OrderBookError, UnknownAccount
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc.common import accept, refuse
from orderbook_wire.v1 import orderbook_pb2 as wire

Request = wire.CreditAccountRequest | wire.DebitAccountRequest | wire.GetBalanceRequest
Response = wire.CreditAccountResponse | wire.DebitAccountResponse | wire.GetBalanceResponse


class Accounts:
    """Carries out the commands about an instrument's two assets, and answers with what the account has then."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _report(self, request: Request, response: Response) -> None:
        """Say what an account has; raise UnknownSymbol, UnknownAccount."""
        has = self._desk.market(request.symbol).account_snapshot(request.account_id)
        if has is None:
            raise UnknownAccount(f"account {request.account_id} was never credited")
        balance = response.balance
        balance.account_id = request.account_id
        balance.available_base = has.available_base
        balance.reserved_base = has.reserved_base
        balance.available_quote = has.available_quote
        balance.reserved_quote = has.reserved_quote
        accept(response)

    def credit(self, request: wire.CreditAccountRequest, response: wire.CreditAccountResponse) -> None:
        """Give an account base and quote."""
        try:
            position = self._desk.position(request.symbol)
            self._desk.sequencer.credit_account(position, request.account_id, request.base, request.quote)
            self._report(request, response)
        except OrderBookError as error:
            refuse(response, error.code)

    def debit(self, request: wire.DebitAccountRequest, response: wire.DebitAccountResponse) -> None:
        """Take base and quote from an account: both or neither."""
        try:
            position = self._desk.position(request.symbol)
            self._desk.sequencer.debit_account(position, request.account_id, request.base, request.quote)
            self._report(request, response)
        except OrderBookError as error:
            refuse(response, error.code)

    def balance(self, request: wire.GetBalanceRequest, response: wire.GetBalanceResponse) -> None:
        """Tell what an account has."""
        try:
            self._report(request, response)
        except OrderBookError as error:
            refuse(response, error.code)
