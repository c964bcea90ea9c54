"""Logs: one line an event on standard error, for people or for machines; the libraries' own go the same way."""

import logging
import os
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

# The least that libraries may tell: below, it is of themselves, or of what strangers send, and not of the exchange.
LIBRARIES = {"asyncio": logging.INFO, "grpc": logging.INFO, "uvicorn": logging.ERROR}


def configure_logs(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send what structlog and the standard library log to `stream`, by default standard error.

    level: debug, info, warning or error. form: auto, console or json. `structlog.get_logger()` does so from here on.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes to standard error by itself, in its own way
    stream = sys.stderr if stream is None else stream
    number = logging.getLevelNamesMapping()[level.upper()]
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.ExtraAdder(), _name_origin],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(form, stream)],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)
    logging.captureWarnings(True)
    for library, least in LIBRARIES.items():
        logging.getLogger(library).setLevel(max(number, least))
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # who is asked for before the settings are known follows them all the same
    )


def _renderers(form: str, stream: TextIO) -> list[Processor]:
    """Return what turns an event into a line."""
    terminal = stream.isatty()
    if form == "console" or (form == "auto" and terminal):
        plain = structlog.dev.plain_traceback  # others show the values of variables: tokens may be among them
        return [
            structlog.dev.ConsoleRenderer(
                colors=terminal and "NO_COLOR" not in os.environ, exception_formatter=plain, sort_keys=False
            )
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _name_origin(logger: logging.Logger, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say which library an event comes from."""
    return {**event, "logger": event["_record"].name}
