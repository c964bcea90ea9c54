"""JSON from strangers: what the standard's grammar allows, and nothing that two readers may read in two ways."""

import json
from typing import Any, NoReturn

DIGITS_KEPT = 21  # of an integer: more than 64 bits have, so that what is too large stays so, however long it is


class NotJson(ValueError):
    """Bytes that are no JSON object."""


def _integer(text: str) -> int:
    """Return an integer, one that is out of range where it is too long to be of use, or has a sign, also -0."""
    return -1 if text.startswith("-") else int(text[:DIGITS_KEPT])


def _constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise NotJson where it has a name twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise NotJson("an object has a name twice")
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant)


def decode(data: bytes) -> dict[str, Any]:
    """Return the object that bytes are in JSON; raise NotJson, which says what is wrong."""
    try:
        value = _DECODER.decode(data.decode())
    except UnicodeDecodeError:
        raise NotJson("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is no JSON: {error}") from None
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None
    if not isinstance(value, dict):
        raise NotJson("the body is no JSON object")
    return value
