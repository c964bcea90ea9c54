"""The implementations of the line protocol, side by side, and what drives one."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import orderbook
import orderbook.reference
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.sequencer import Sequencer

from .line_reference import ReferenceSequencer, ReferenceSession

VERSION = "1.2.3"


class Implementation(NamedTuple):
    """What a connection needs to be there."""

    exchange: Callable[..., Any]
    sequencer: Callable[..., Any]
    session: Callable[..., Any]


SMALL_SEQUENCER = partial(Sequencer, execution_capacity=1024)  # tests make thousands, under sanitizers too
IMPLEMENTATIONS = {
    "reference": Implementation(orderbook.reference.Exchange, ReferenceSequencer, ReferenceSession),
    "compiled": Implementation(orderbook.Exchange, SMALL_SEQUENCER, LineSession),
}


def drained(session: Any, output: bytes = b"") -> bytes:
    """Return the output and all that a session has still to say."""
    while more := session.advance():
        output += more
    assert not session.waiting
    return output
