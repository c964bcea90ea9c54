"""The optional libraries of the extra `[data]`: looked for before any work starts, imported only where used."""

from importlib.util import find_spec

from obctl.errors import MissingLibrary


def need(option: str, *libraries: str) -> None:
    """Raise MissingLibrary, in one line that says how to install it, if a library that `option` needs is not there."""
    for library in libraries:
        if find_spec(library) is None:
            raise MissingLibrary(f"{option} needs {library}: pip install 'obctl[data]'")
