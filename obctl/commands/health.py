"""`obctl health`: whether a server or an agent is well, as container engines ask it."""

import re
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click

from obctl import exit_codes
from obctl.errors import BadInput, Unreachable
from obctl.number_types import Seconds

METRICS_PAGE = "http://127.0.0.1:9100/metrics"
SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})? (\S+)$", re.MULTILINE)


class NotWell(BadInput):
    """Something answers, but not what is expected."""

    exit_code = exit_codes.DIFFERS


class Expectation(NamedTuple):
    """A metric, and the number that each of its samples must have."""

    name: str
    number: float


class ExpectationType(click.ParamType):  # type: ignore[type-arg]
    """NAME=NUMBER."""

    name = "expectation"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Expectation:
        """Return both halves, or complain."""
        if isinstance(value, Expectation):
            return value
        name, _, number = value.partition("=")
        try:
            return Expectation(name, float(number))
        except ValueError:
            self.fail(f"{value!r} must be NAME=NUMBER, such as agent_connected=1.", param, ctx)


@click.command()
@click.argument("url", default=METRICS_PAGE)
@click.option(
    *("--expect", "expectations"),
    type=ExpectationType(),
    multiple=True,
    metavar="NAME=NUMBER",
    help="A metric that must be there, and have this value in all its samples; once for each.",
)
@click.option("--timeout", type=Seconds(), default=3.0, show_default=True, metavar="SECONDS", help="How long to wait.")
def health(url: str, expectations: tuple[Expectation, ...], timeout: float) -> None:
    """Ask a metrics page whether its server or agent is well.

    URL is http://HOST:PORT/PATH, by default http://127.0.0.1:9100/metrics. Whoever answers is well, if what is expected
    is on the page too. Exit status: 0 well, 3 not as expected, 6 no answer.

    \b
    Examples:
      obctl health
      obctl health http://127.0.0.1:9101/metrics --expect agent_connected=1
    """
    page = read_page(url, timeout)
    for expectation in expectations:
        if complaint := complaint_about(page, expectation):
            raise NotWell(f"{url}: {complaint}")
    click.echo("well")


def read_page(url: str, timeout: float) -> str:
    """Return the text at a URL, asked for directly: no proxy lies between a container and itself."""
    host, port, path = place_of(url)
    connection = HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
    except (HTTPException, UnicodeDecodeError) as error:  # the bytes of some other protocol are not for a terminal
        raise Unreachable(f"{url} does not answer: what comes is no page of HTTP") from error
    except UnicodeError as error:
        raise click.UsageError(f"{url!r}: {error}.") from error
    except OSError as error:
        raise Unreachable(f"{url} does not answer: {error}") from error
    if answer.status != 200:
        raise Unreachable(f"{url} answers {answer.status} {answer.reason}")
    return text


def place_of(url: str) -> tuple[str, int | None, str]:
    """Return host, port and path of a URL; raise UsageError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise click.UsageError(f"{url!r}: {error}.") from error
    if parts.scheme != "http" or not host or not url.isprintable() or " " in url:
        raise click.UsageError(f"{url!r} must be http://HOST:PORT/PATH.")
    return host, port, parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()


def complaint_about(page: str, expectation: Expectation) -> str | None:
    """Return what a page of metrics says otherwise, or None."""
    values = [float(number) for name, number in SAMPLE.findall(page) if name == expectation.name]
    if not values:
        return f"{expectation.name} is not there"
    wrong = [value for value in values if value != expectation.number]
    return f"{expectation.name} is {wrong[0]:g}, not {expectation.number:g}" if wrong else None
