"""Numbers as JSON has them: those of 64 bits leave as strings of digits, and come in as strings or integers."""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

U64_MAX = 2**64 - 1
DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)


def whole_number(minimum: int, maximum: int) -> BeforeValidator:
    """Return what reads a whole number: digits in a string, or an integer of JSON; no sign, no fraction."""

    def read(value: object) -> int:
        if isinstance(value, str) and DIGITS.fullmatch(value):
            value = int(value)
        if type(value) is int and minimum <= value <= maximum:  # True is an int too, but of another type
            return value
        bounds = {"minimum": str(minimum), "maximum": str(maximum)}
        raise PydanticCustomError("whole_number", "must be a whole number from {minimum} to {maximum}", bounds)

    return BeforeValidator(read)


AS_STRING = {"type": "string", "pattern": "^[0-9]{1,20}$"}
AS_EITHER = {"anyOf": [AS_STRING, {"type": "integer", "format": "uint64", "minimum": 0}]}

U64 = Annotated[
    int,
    whole_number(0, U64_MAX),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(AS_EITHER, mode="validation"),
    WithJsonSchema(AS_STRING, mode="serialization"),
]
