"""What can go wrong between a client and a server, beside the engine's refusals, which are `orderbook`'s exceptions."""


class ClientError(Exception):
    """The root of these. The message says what was asked for, and of whom."""


class ServerUnavailable(ClientError):
    """The server cannot be reached, is shutting down, or did not answer in time.

    A command may have been carried out, or not.
    """


class ServerBusy(ClientError):
    """A limit of the server: calls under way, messages a second, a feed that is not read."""


class NotAuthenticated(ClientError):
    """The server asks for a token, and there was none, or one that it does not know."""


class NotPermitted(ClientError):
    """The account, or the call, is not the token's."""


class BadRequest(ClientError):
    """The server does not understand the request, or does not know the call."""
