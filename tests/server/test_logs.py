"""Logs: one line an event, JSON or for people, at the level that is asked for, the libraries' own included."""

import io
import json
import logging
import re
import warnings
from datetime import UTC, datetime

import pytest
import structlog

from orderbook_server.logs import configure_logs

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def as_before():
    """Put logging back, for the tests that come after."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def logs_of(stream, act, log_level="info", log_format="auto"):
    """Return the lines that come out where `act` logs."""
    configure_logs(log_level, log_format, stream)
    act()
    return stream.getvalue().splitlines()


def test_json_where_there_is_no_terminal():
    before = datetime.now(UTC)
    (line,) = logs_of(io.StringIO(), lambda: structlog.get_logger().info("listening", tcp="127.0.0.1:9000", open=True))
    event = json.loads(line)
    assert ISO.fullmatch(event["timestamp"])
    assert before <= datetime.fromisoformat(event.pop("timestamp")) <= datetime.now(UTC)
    assert event == {"event": "listening", "level": "info", "tcp": "127.0.0.1:9000", "open": True}


@pytest.mark.parametrize(
    ("stream", "log_format", "json_expected", "colours"),
    [
        (Terminal, "auto", False, True),
        (Terminal, "console", False, True),
        (Terminal, "json", True, False),
        (io.StringIO, "console", False, False),
    ],
)
def test_formats(stream, log_format, json_expected, colours, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    (line,) = logs_of(stream(), lambda: structlog.get_logger().info("hello", n=1), log_format=log_format)
    assert line.startswith("{") is json_expected
    assert ("\x1b" in line) is colours
    assert ISO.search(line)


def test_no_colour_where_none_is_wanted(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    (line,) = logs_of(Terminal(), lambda: structlog.get_logger().info("hello"))
    assert "\x1b" not in line


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_levels(level, expected):
    def act(logger):
        for name in ("debug", "info", "warning", "error"):
            getattr(logger, name)(name)

    assert len(logs_of(io.StringIO(), lambda: act(structlog.get_logger()), log_level=level)) == expected
    of_library = logs_of(io.StringIO(), lambda: act(logging.getLogger("grpc")), log_level=level)
    assert len(of_library) == min(expected, 3), "at debug level, too, libraries tell no more of themselves"


def test_a_logger_made_before_follows_the_settings():
    early = structlog.get_logger()
    stream = io.StringIO()
    lines = logs_of(stream, lambda: early.info("later"))
    assert json.loads(lines[0])["event"] == "later"
    assert logs_of(io.StringIO(), lambda: early.info("later"), log_level="error") == []


@pytest.mark.parametrize("name", ["grpc", "asyncio"])
def test_libraries_go_the_same_way(name):
    (line,) = logs_of(io.StringIO(), lambda: logging.getLogger(name).warning("%s of %d", "one", 2))
    event = json.loads(line)
    assert (event["event"], event["level"], event["logger"]) == ("one of 2", "warning", name)
    assert ISO.fullmatch(event["timestamp"])
    (line,) = logs_of(io.StringIO(), lambda: logging.getLogger(name).warning("hello"), log_format="console")
    assert "hello" in line
    assert name in line


@pytest.mark.parametrize("level", ["debug", "error"])
def test_uvicorn_tells_only_of_failures(level):
    """It would tell of each connection, and warn of whatever strangers send."""

    def act():
        logger = logging.getLogger("uvicorn.error")
        for tell, event in ((logger.info, "accepted"), (logger.warning, "invalid"), (logger.error, "failed")):
            tell(event)

    lines = logs_of(io.StringIO(), act, log_level=level)
    assert [json.loads(line)["event"] for line in lines] == ["failed"]


@pytest.mark.parametrize("logger", [structlog.get_logger, lambda: logging.getLogger("asyncio")])
def test_an_exception_is_one_line_of_json(logger):
    def act():
        try:
            raise ValueError("first\nsecond")
        except ValueError:
            logger().exception("failed")

    (line,) = logs_of(io.StringIO(), act)
    assert "ValueError: first\nsecond" in json.loads(line)["exception"]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_values(log_format):
    """They may be tokens."""

    def act():
        secret = "".join(["obt", "_", "secret"])
        try:
            raise ValueError(len(secret))
        except ValueError:
            structlog.get_logger().exception("failed")

    lines = logs_of(io.StringIO(), act, log_format=log_format)
    assert "ValueError: 10" in "".join(lines)
    assert "obt_secret" not in "".join(lines)


def test_a_warning_of_a_library_is_one_line_of_json():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        (line,) = logs_of(io.StringIO(), lambda: warnings.warn("never\nawaited", RuntimeWarning, stacklevel=1))
    event = json.loads(line)
    assert "RuntimeWarning: never\nawaited" in event["event"]
    assert (event["level"], event["logger"]) == ("warning", "py.warnings")


def test_what_json_cannot_say_is_said_as_text():
    (line,) = logs_of(io.StringIO(), lambda: structlog.get_logger().info("hello", path=ValueError("x"), data=b"\n"))
    assert json.loads(line)["path"] == "x"
