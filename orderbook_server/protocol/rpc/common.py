"""What all requests share: the status of an answer, what cannot be a command."""

from typing import Protocol

from orderbook_wire.v1 import orderbook_pb2 as wire


class Malformed(ValueError):
    """A request that cannot be a command: nobody's refusal, but an error of the client's program."""


class Response(Protocol):
    """A message that says whether a command was accepted. It comes in empty, and is filled in."""

    @property
    def status(self) -> wire.CommandStatus:
        """Accepted or refused."""


def accept(response: Response) -> None:
    """Say that a command was accepted."""
    response.status.ok = True


def refuse(response: Response, code: str) -> None:
    """Say that a command was refused, and by which error."""
    response.status.ok = False
    response.status.error_message = code
