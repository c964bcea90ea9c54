"""The implementations of the line protocol, side by side, and what drives one."""

from typing import Any, NamedTuple

import orderbook
import orderbook.reference
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.sequencer import Sequencer

from .line_reference import ReferenceSequencer, ReferenceSession

VERSION = "1.2.3"


class Implementation(NamedTuple):
    """What a connection needs to be there."""

    exchange: type
    sequencer: type
    session: type


IMPLEMENTATIONS = {
    "reference": Implementation(orderbook.reference.Exchange, ReferenceSequencer, ReferenceSession),
    "compiled": Implementation(orderbook.Exchange, Sequencer, LineSession),
}


def drained(session: Any, output: bytes = b"") -> bytes:
    """Return the output and all that a session has still to say."""
    while more := session.advance():
        output += more
    assert not session.waiting
    return output
