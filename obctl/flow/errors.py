"""What a reader of order flow says when it cannot go on. All of it is a ValueError with a message for people."""

SHOWN_MAX = 60  # characters of a wrong value that a message shows


class FlowError(ValueError):
    """A file cannot be read as order flow: unknown format, corrupt compression, a header without what is needed."""


class RowError(FlowError):
    """One row is wrong. The reader that raised it goes on behind the row when it is read again.

    ``file``, ``line`` (1-based; the record's number in a binary file), ``field`` (the column as the file spells it,
    None when the row as a whole is wrong), ``value`` (the field's text, None with the field) and ``reason``.
    """

    def __init__(self, file: str, line: int, field: str | None, value: str | None, reason: str) -> None:
        super().__init__(file, line, field, value, reason)
        self.file = file
        self.line = line
        self.field = field
        self.value = value
        self.reason = reason

    def __str__(self) -> str:
        """Return `file:line: field: 'value' reason`."""
        place = f"{self.file}:{self.line}"
        if self.field is None:
            return f"{place}: {self.reason}"
        if not self.value:
            return f"{place}: {self.field}: {self.reason}"
        value = self.value if len(self.value) <= SHOWN_MAX else self.value[:SHOWN_MAX] + "…"
        return f"{place}: {self.field}: {value!r} {self.reason}"
