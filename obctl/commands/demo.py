"""`obctl demo`: options and help. The work is done in obctl.demo."""

import json
from typing import TYPE_CHECKING

import click

from obctl.commands.serve import LIBRARIES
from obctl.demo.plan import Plan
from obctl.errors import BadConfiguration, BadInput, Unreachable
from obctl.exit_codes import DIFFERS
from obctl.libraries import need
from orderbook_server.config import ConfigError

if TYPE_CHECKING:
    from obctl.demo.summary import Summary

SEEDS = 2**32


class DemoFailed(BadInput):
    """A part of the demo failed while it ran."""


class DemoDiffers(BadInput):
    """What a client knows is not what the engine knows."""

    exit_code = DIFFERS


@click.command()
@click.option("--seconds", type=click.IntRange(min=1), metavar="N", help="End by itself.  [default: on Ctrl-C]")
@click.option("--tcp", metavar="ADDRESS", help="The line protocol, or none.  [default: 127.0.0.1:9000]")
@click.option("--grpc", metavar="ADDRESS", help="gRPC, which the agents use.  [default: 127.0.0.1:50051]")
@click.option("--http", metavar="ADDRESS", help="The page and REST, or none.  [default: 127.0.0.1:8080]")
@click.option("--metrics", metavar="ADDRESS", help="Figures for Prometheus, or none.  [default: 127.0.0.1:9100]")
@click.option(
    "--noise", type=click.IntRange(0, 100), default=4, show_default=True, metavar="N", help="How many noise traders."
)
@click.option(
    "--seed",
    type=click.IntRange(0, SEEDS - 1),
    default=1,
    show_default=True,
    metavar="S",
    help="What the noise traders' chances are drawn from.",
)
@click.option("--json", "as_json", is_flag=True, help="Print nothing but the summary, as one JSON object.")
def demo(
    seconds: int | None,
    tcp: str | None,
    grpc: str | None,
    http: str | None,
    metrics: str | None,
    noise: int,
    seed: int,
    as_json: bool,
) -> None:
    """Run an exchange with agents that trade on it, and watch.

    In one process: the server with TCP lines, gRPC, a page and metrics, a market maker (account 1), a TWAP (2), a
    passive buyer (3) and noise traders (101 and up), all of them clients over gRPC. On a terminal there is a live view
    of the book, the trades and how the agents stand; elsewhere a line a second; in a browser the page. Trade along: it
    is an exchange like that of obctl serve, on loopback, until it ends. Then there is a summary.

    ADDRESS is HOST:PORT; port 0 takes a free one. Where a usual port is taken, a free one is used and told; where one
    is that you name, the status is 2.

    \b
    Examples:
      obctl demo
      obctl demo --seconds 10
      obctl demo --noise 20 --seed 7
      obctl demo --tcp 127.0.0.1:9900 --http none --metrics none
      obctl demo --seconds 5 --json > summary.json
    """
    need("the demo", *LIBRARIES, extra="server")
    named = {"tcp": tcp, "grpc": grpc, "http": http, "metrics": metrics}
    if grpc == "none":
        raise BadConfiguration("--grpc: the agents need it")
    addresses = {listener: address for listener, address in named.items() if address is not None}
    print_summary(run(Plan(addresses, seconds, noise, seed), as_json=as_json), as_json=as_json)


def run(plan: Plan, *, as_json: bool) -> "Summary":
    """Run the demo to its end; what goes wrong is an exit status."""
    import uvloop

    from obctl.demo.shows import choose_show
    from orderbook_server.logs import configure_logs

    show = choose_show(as_json=as_json)
    configure_logs("warning", "console", show.log)  # before gRPC, whose own log it tames
    from agents.errors import ClientError
    from obctl.demo.checks import Differs
    from obctl.demo.crew import PartFailed
    from obctl.demo.session import play

    try:
        return uvloop.run(play(plan, show))
    except ConfigError as error:
        raise BadConfiguration(str(error)) from error
    except ClientError as error:
        raise Unreachable(str(error)) from error
    except PartFailed as error:
        raise DemoFailed(str(error)) from error
    except Differs as error:
        raise DemoDiffers(str(error)) from error


def print_summary(summary: "Summary", *, as_json: bool) -> None:
    """Print what the demo came to."""
    click.echo(json.dumps(summary.as_json(), indent=2) if as_json else "\n".join(summary.as_lines()))
