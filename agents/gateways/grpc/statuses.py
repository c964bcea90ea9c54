"""What went wrong, as exceptions: the engine's refusals by their code, gRPC's statuses by theirs. Here alone."""

import grpc
import grpc.aio

from agents.errors import BadRequest, ClientError, NotAuthenticated, NotPermitted, ServerBusy, ServerUnavailable
from orderbook import OrderBookError, SequenceGone

REFUSALS = {refusal.code: refusal for refusal in OrderBookError.__subclasses__()}


class UnknownCall(BadRequest):
    """The server does not know the call: it is of another version."""


FAILURES: dict[grpc.StatusCode, type[ClientError] | type[SequenceGone]] = {  # all others: ServerUnavailable
    grpc.StatusCode.RESOURCE_EXHAUSTED: ServerBusy,
    grpc.StatusCode.UNAUTHENTICATED: NotAuthenticated,
    grpc.StatusCode.PERMISSION_DENIED: NotPermitted,
    grpc.StatusCode.INVALID_ARGUMENT: BadRequest,
    grpc.StatusCode.NOT_FOUND: BadRequest,
    grpc.StatusCode.ALREADY_EXISTS: BadRequest,
    grpc.StatusCode.FAILED_PRECONDITION: BadRequest,
    grpc.StatusCode.UNIMPLEMENTED: UnknownCall,
    grpc.StatusCode.OUT_OF_RANGE: SequenceGone,
}


def refusal(code: str, what: str) -> OrderBookError:
    """Return the exception of a refusal; what: the thing refused. A code that is not known is an OrderBookError."""
    return REFUSALS.get(code, OrderBookError)(f"{code or 'refused without a reason'}: {what}")


def failure(error: grpc.RpcError, what: str) -> ClientError | SequenceGone:
    """Return the exception for a call that ended with a status; what: the thing asked for, and of whom."""
    code, details = _status(error)
    return FAILURES.get(code, ServerUnavailable)(f"{what}: {details or code.name.lower().replace('_', ' ')}")


def is_deadline(error: grpc.RpcError) -> bool:
    """Tell whether a call ended because its time was up."""
    return _status(error)[0] is grpc.StatusCode.DEADLINE_EXCEEDED


def _status(error: grpc.RpcError) -> tuple[grpc.StatusCode, str | None]:
    """Return what both kinds of errors have, of calls with await and without."""
    assert isinstance(error, grpc.Call | grpc.aio.AioRpcError)
    return error.code(), error.details()
