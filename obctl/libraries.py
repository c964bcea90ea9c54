"""The optional libraries of the extras: looked for before any work starts, imported only where used."""

import os
from importlib.util import find_spec

from obctl.errors import MissingLibrary


def need(what: str, *libraries: str, extra: str) -> None:
    """Raise MissingLibrary, in one line that says how to install it, if a library that `what` needs is not there.

    gRPC's C core, not loaded yet, is told to keep off standard error: what goes wrong is in its exceptions too.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    for library in libraries:
        if find_spec(library) is None:
            raise MissingLibrary(f"{what} needs {library}: pip install 'obctl[{extra}]'")


def need_grpc(what: str, *libraries: str) -> None:
    """Like need, for what speaks gRPC."""
    need(what, *libraries, "grpc", "google.protobuf", extra="server")
