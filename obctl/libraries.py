"""The optional libraries of the extras: looked for before any work starts, imported only where used."""

from importlib.util import find_spec

from obctl.errors import MissingLibrary


def need(what: str, *libraries: str, extra: str) -> None:
    """Raise MissingLibrary, in one line that says how to install it, if a library that `what` needs is not there."""
    for library in libraries:
        if find_spec(library) is None:
            raise MissingLibrary(f"{what} needs {library}: pip install 'obctl[{extra}]'")
