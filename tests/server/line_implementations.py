"""The implementations of the line protocol, side by side, and what a test tells of a token."""

import importlib.util
from dataclasses import dataclass
from typing import Any, NamedTuple

import orderbook
import orderbook.reference

from .line_reference import ReferenceSequencer, ReferenceSession

VERSION = "1.2.3"


class Implementation(NamedTuple):
    """What a connection needs to be there."""

    exchange: type
    sequencer: type
    session: type


IMPLEMENTATIONS = {"reference": Implementation(orderbook.reference.Exchange, ReferenceSequencer, ReferenceSession)}
if importlib.util.find_spec("orderbook_server.protocol.line.session"):
    from orderbook_server.protocol.line.session import LineSession
    from orderbook_server.sequencer.sequencer import Sequencer

    IMPLEMENTATIONS["compiled"] = Implementation(orderbook.Exchange, Sequencer, LineSession)


@dataclass(frozen=True)
class Access:
    """What a token may; accounts of None are all."""

    name: str
    role: str
    accounts: frozenset[int] | None

    def may_credit(self) -> bool:
        return self.role == "admin"

    def may_trade(self, account_id: int) -> bool:
        return self.role == "admin" or (self.role == "trader" and self._owns(account_id))

    def may_read(self, account_id: int) -> bool:
        return self.role == "admin" or self._owns(account_id)

    def _owns(self, account_id: int) -> bool:
        return self.accounts is None or account_id in self.accounts


def drained(session: Any, output: bytes = b"") -> bytes:
    """Return the output and all that a session has still to say."""
    while more := session.advance():
        output += more
    assert not session.waiting
    return output
