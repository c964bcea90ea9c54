"""`obctl bench`: options and help. The work is done in obctl.bench."""

import json
import math
from typing import Any

import click

from obctl.commands.serve import LIBRARIES
from obctl.libraries import need
from orderbook_server.config import Address

MEASUREMENTS = ("protocol", "socket", "ping-pong", "grpc-unary", "grpc-trade", "feed", "grpc-feed")


class AddressType(click.ParamType):  # type: ignore[type-arg]
    """The address of a server that runs."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is written, if it is one."""
        try:
            return str(Address.parse(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Seconds(click.FloatRange):
    """A number of seconds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; what is none passes any range."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return seconds


@click.group()
def bench() -> None:
    """Measure how fast a server is on this machine.

    \b
    Examples:
      obctl bench server --only protocol --seconds 0.1
      obctl bench server --only socket --only ping-pong --seconds 0.1 --json
    """


@bench.command()
@click.option(
    "--only",
    type=click.Choice(MEASUREMENTS),
    multiple=True,
    help="Take this measurement; repeatable. By default all.",
)
@click.option(
    "--seconds",
    type=Seconds(0.01, 3600),
    default=5,
    show_default=True,
    help="How long each measurement takes, about.",
)
@click.option("--tcp", type=AddressType(), help="Measure a server that runs: its TCP address.")
@click.option("--grpc", type=AddressType(), help="Measure a server that runs: its gRPC address.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def server(only: tuple[str, ...], seconds: float, tcp: str | None, grpc: str | None, as_json: bool) -> None:
    """Measure a server and, in turn with it, something bare that shows what the machine gives.

    A server of its own is started on free ports of loopback, unless an address of one is given: that one must have
    neither TLS nor tokens, and nobody else may trade there. Clients share the machine with the server.

    Each measurement is made of turns of a quarter of a second or less; figures are medians of turns, ratios medians of
    the ratios of turns that were taken together. The flow is NEW and CANCEL of the mixes balanced and cancels.

    \b
    Measurements, and what they are compared with:
      protocol    lines in packets of 1,000 into the protocol object, without
                  a socket; the engine alone
      socket      one connection, up to 1,024 commands under way; an echo of
                  bytes, and one that reads the fields of a line in Python
      ping-pong   one connection, one command at a time; an echo of bytes
      grpc-unary  NewOrder, 1 and 64 under way; an echo by grpc.aio
      grpc-trade  one Trade stream, batches of 1,000, four under way, as
                  records and as messages; an echo by grpc.aio
      feed        100 TCP subscribers at 10,000 events a second; the same
                  without subscribers
      grpc-feed   four StreamEvents subscribers that catch up; an echo by
                  grpc.aio

    \b
    Keys of the JSON: {measurement: {figure: number}}. The names of figures
    say their unit; server_cpu_us_… and echo_cpu_us_… are microseconds that
    the process ran, which tells what a core bears also on a busy machine;
    null for one that was not started here, or not on Linux.
      protocol    commands_per_second, ns_per_command, cpu_ns_per_command,
                  engine_commands_per_second, ratio_to_engine, refused_share
      socket      commands_per_second, server_cpu_us_per_command,
                  echo_per_second, echo_cpu_us_per_command,
                  fields_echo_per_second, ratio_to_echo,
                  ratio_to_fields_echo
      ping-pong   commands_per_second, server_cpu_us_per_command,
                  echo_per_second, echo_cpu_us_per_command,
                  round_trip_us_p50, round_trip_us_p99,
                  round_trip_us_p99.9, echo_us_p50, echo_us_p99,
                  echo_us_p99.9, ratio_to_echo
      grpc-unary  for N = 1 and 64: orders_per_second_N,
                  server_cpu_us_per_order_N, echo_per_second_N,
                  echo_cpu_us_per_order_N, ratio_to_echo_N
      grpc-trade  for F = records and messages: commands_per_second_F,
                  server_cpu_us_per_command_F, echo_per_second_F,
                  echo_cpu_us_per_command_F, ratio_to_echo_F
      feed        subscribers, events_per_second, delivered_events,
                  lost_events, server_cpu_us_per_event,
                  server_cpu_us_per_event_without_subscribers,
                  server_cpu_us_per_event_and_subscriber,
                  server_cpu_percent_per_subscriber
      grpc-feed   subscribers, events_per_second_and_subscriber,
                  deliveries_per_second, delivered_events, lost_events,
                  server_cpu_us_per_delivery, echo_deliveries_per_second,
                  echo_cpu_us_per_delivery, ratio_to_echo

    \b
    Examples:
      obctl bench server
      obctl bench server --only socket --only feed --seconds 20
      obctl bench server --json
      obctl bench server --tcp 127.0.0.1:9000 --grpc 127.0.0.1:50051
    """
    need("obctl bench server", *LIBRARIES, extra="server")
    from obctl.bench.report import Bar, print_figures
    from obctl.bench.server import Run, within_reach

    names = tuple(name for name in MEASUREMENTS if name in only or not only)
    if tcp or grpc:
        reachable = within_reach(names, tcp=tcp is not None, grpc=grpc is not None)
        if only and reachable != names:
            missing = "--tcp" if tcp is None else "--grpc"
            raise click.UsageError(
                f"{', '.join(sorted(set(names) - set(reachable)))} cannot be measured without {missing}."
            )
        names = reachable
    with Bar() as bar:
        measured = Run(names, seconds, tcp, grpc).measure(bar.begin)
    if as_json:
        click.echo(json.dumps(measured, indent=2))
    else:
        print_figures(measured)
