"""`obctl replay`: options and help. The work is done in obctl.replay."""

import json
from typing import Any

import click

from obctl import exit_codes
from obctl.file_endings import FileEnding
from obctl.replay.options import INPUT, input_options

TABLE = FileEnding(".csv", ".parquet", ".arrow")


@click.command(no_args_is_help=True)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=INPUT)
@input_options()
@click.option("--symbol", help="CSV: replay only the rows of this symbol.")
@click.option(
    "--verify",
    type=INPUT,
    metavar="FILE",
    multiple=True,
    help="LOBSTER: compare the book after each message with this order book file, level by level; exit status 3 "
    "if a row differs. Once per FILE.",
)
@click.option("--trades", type=TABLE, help="Write the trades as .csv, .parquet or .arrow.")
@click.option("--depth", type=TABLE, help="Write the book's best levels after each row.")
@click.option("--levels", type=click.IntRange(1, 1000), help="Levels a side of --depth.  [default: 10]")
@click.option("--events", type=TABLE, help="Write the engine's events; match mode only.")
@click.option(
    "--plot",
    type=FileEnding(".png", ".html"),
    help="Draw price, best bid and best ask over time, and the depth at the end.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def replay(as_json: bool, **options: Any) -> int:
    """Replay order flow through the matching engine, or rebuild the book that an exchange reported.

    FILE is CSV with a header, a LOBSTER message file, or COMMAND records (.bin); CSV and LOBSTER also compressed with
    gzip, xz or zstd; - is standard input. Several files are one stream, one after the other.

    Prices are in ticks and quantities in lots, in all tables and in the JSON; LOBSTER's tick is 1/10000 dollar.
    Times are nanoseconds, since 1970 or, in LOBSTER files, since midnight.

    \b
    Columns of the tables (a missing value is empty in CSV and null elsewhere):
      trades  row, timestamp, taker_order_id (missing in book mode: nobody
              reports it), maker_order_id, taker_side, price, quantity
      depth   row, timestamp, then per level ask_price_1, ask_quantity_1,
              bid_price_1, bid_quantity_1, ...
      events  row, sequence, timestamp, kind (added, updated, removed, trade,
              rejection), order_id, maker_order_id, side, order_type, price,
              quantity, reason

    row counts the rows replayed, from 1. Liquidity older than a LOBSTER file is anonymous: its order ids count down
    from 18446744073709551615; it comes in without an event, as does what --mode match puts right after a run that
    differs. Incoming orders of that mode count up from 18446744069414584320.

    \b
    Keys of the JSON:
      files, format, mode, rows, skipped_rows, ignored_rows, commands, accepted,
      refused {reason: count}, clamped, seconds, commands_per_second, trades,
      volume, notional, vwap, best_bid {price, quantity}, best_ask, spread,
      resting_orders, bid_levels, ask_levels, state_hash
      lobster {seeded_levels, adopted_levels, older_ids, skipped_messages,
               hidden_executions, crosses, halts}
      runs {runs, identical, first_difference}          LOBSTER in match mode
      verify {rows, equal, levels, first_difference}    with --verify

    \b
    Examples:
      obctl replay orders.csv
      obctl replay orders.csv.gz --tick-size 0.01 --plot prices.html
      obctl replay orders.csv --trades trades.csv
      obctl replay flow.bin --json
      obctl replay AAPL_message_10.csv --verify AAPL_orderbook_10.csv
      obctl replay AAPL_message_10.csv --mode match --events events.parquet
      cat orders.csv | obctl replay - --on-error skip --depth d.arrow --levels 5
    """
    from obctl.replay.plan import Plan
    from obctl.replay.report import print_summary
    from obctl.replay.session import Session
    from obctl.replay.summary import PriceFormat

    summary = Session(Plan(**options)).run()
    if as_json:
        click.echo(json.dumps(summary.as_json(), indent=2))
    else:
        print_summary(summary, PriceFormat(options["tick_size"]))
    verified = summary.details.get("verify")
    return exit_codes.DIFFERS if verified and verified["first_difference"] else exit_codes.OK
