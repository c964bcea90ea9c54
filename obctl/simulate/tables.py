"""The tables of a simulation, as Parquet: trades, samples, positions, agents. The same run makes the same bytes."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from agents.simulation import Result
from obctl.outputs import OutputFile
from orderbook import Side


def trades_of(result: Result) -> Any:
    """Return the trades: one row each, in the order they happened."""
    import pyarrow

    columns = {name: pyarrow.array(column, pyarrow.uint64()) for name, column in result.trades.items()}
    sides = [side.name.lower() for side in Side]
    codes = pyarrow.array([code - 1 for code in result.trades["taker_side"]], pyarrow.int8())
    columns["taker_side"] = pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(sides))
    return pyarrow.table(columns)


def samples_of(result: Result) -> Any:
    """Return the market at each sample."""
    import pyarrow

    u64 = pyarrow.uint64()
    market = result.samples.market
    columns = {
        name: pyarrow.array([getattr(sample, name) for sample in market], u64)
        for name in ("time_ns", "best_bid", "best_ask", "last_price", "trades", "volume")
    }
    columns["mid"] = _floats([sample.mid for sample in market])
    return pyarrow.table(columns)


def positions_of(result: Result) -> Any:
    """Return what each agent had at each sample: a row for each agent, for each sample."""
    import pyarrow

    samples = result.samples
    agents = len(samples.names)
    codes = list(range(agents)) * len(samples.market)
    times = [sample.time_ns for sample in samples.market for _ in samples.names]
    profits = [profit for row in zip(*map(samples.profits, samples.names), strict=True) for profit in row]
    return pyarrow.table(
        {
            "time_ns": pyarrow.array(times, pyarrow.uint64()),
            "agent": pyarrow.DictionaryArray.from_arrays(
                pyarrow.array(codes, pyarrow.int32()), pyarrow.array(samples.names, pyarrow.string())
            ),
            "inventory_lots": pyarrow.array(samples.inventory, pyarrow.int64()),
            "cash": pyarrow.array(samples.cash, pyarrow.int64()),
            "profit": _floats(profits),
        }
    )


def agents_of(result: Result) -> Any:
    """Return the summary of each agent; its refusals and reports are JSON."""
    import pyarrow

    rows = [agent.as_plain() for agent in result.agents]
    for row in rows:
        row["refusals"], row["reports"] = json.dumps(row["refusals"]), json.dumps(row["reports"])
    text, u64, i64 = pyarrow.string(), pyarrow.uint64(), pyarrow.int64()
    kinds = {
        "name": text,
        "group": text,
        "strategy": text,
        "account_id": u64,
        "actions": u64,
        "refusals": text,
        "fills": u64,
        "bought_lots": u64,
        "sold_lots": u64,
        "inventory_lots": i64,
        "cash": i64,
        "profit": pyarrow.float64(),
        "reports": text,
    }
    return pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(list(kinds.items())))


def _floats(numbers: list[Fraction | None]) -> Any:
    import pyarrow

    return pyarrow.array([None if number is None else float(number) for number in numbers], pyarrow.float64())


TABLES: dict[str, Callable[[Result], Any]] = {
    "trades": trades_of,
    "samples": samples_of,
    "positions": positions_of,
    "agents": agents_of,
}


def table_paths(place: Path) -> dict[str, Path]:
    """Return where the tables go: into a folder, or beside each other with a prefix."""
    if place.is_dir():
        return {name: place / f"{name}.parquet" for name in TABLES}
    return {name: place.with_name(f"{place.name}-{name}.parquet") for name in TABLES}


def write_table(output: OutputFile, table: Any) -> None:
    """Write a table into a file. Publishing it is the owner's."""
    from pyarrow.parquet import write_table as write

    write(table, output.file, compression="zstd")
