"""`obctl simulate`: its output, its files, the same bytes for the same seed, and what it says of wrong input."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from agents.simulation import Simulation, load_config
from tests.replay.helpers import obctl

SMALL = """
seconds = 5
sample_millis = 500
[[agents]]
strategy = "noise-trader"
name = "noise"
count = 20
latency_micros = 300
[[agents]]
strategy = "market-maker"
settings = { spread = 4, tick_millis = 100 }
[[agents]]
strategy = "twap"
start_millis = 500
settings = { order_type = "market", total_quantity = 50, slice_interval_millis = 700, once = true }
"""
TABLES = ("trades", "samples", "positions", "agents")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def summary_of(*arguments: object, data: str | None = None) -> dict[str, Any]:
    """Run `obctl simulate … --json`, and return the summary."""
    result = obctl("simulate", *arguments, "--json", data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def without_wall_clock(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if key not in ("wall_seconds", "actions_per_second")}


def test_the_summary_is_that_of_the_library(config: Path) -> None:
    expected = Simulation(load_config(config)).run().as_plain()
    assert without_wall_clock(summary_of(config)) == without_wall_clock(json.loads(json.dumps(expected)))


def test_json_says_it_all(config: Path) -> None:
    summary = summary_of(config)
    assert summary["seed"] == 1
    assert summary["seconds"] == 5.0
    assert summary["trades"] > 100
    assert len(summary["agents"]) == 22
    twap = summary["agents"][-1]
    assert twap["name"] == twap["strategy"] == "twap"
    assert [report["filled_lots"] for report in twap["reports"]] == [50] == [twap["bought_lots"]]
    keys = {*summary, *summary["agents"][0]}
    text = obctl("simulate", "--help").stdout
    assert [key for key in keys if key not in text] == []


def test_text_says_the_same(config: Path) -> None:
    summary = summary_of(config)
    result = obctl("simulate", config)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if not line.startswith(" "))
    assert lines["simulated"] == "5 s, seed 1, 22 agents"
    assert lines["trades"].startswith(f"{summary['trades']:,}, volume {summary['volume']:,}, VWAP ")
    assert lines["noise"].startswith("20 agents, ")
    assert "50 of 50 lots at " in result.stdout
    assert f"state hash  {summary['state_hash']}\n" in result.stdout


def test_seed_and_seconds_come_before_the_configuration(config: Path) -> None:
    plain, other, longer = summary_of(config), summary_of(config, "--seed", 2), summary_of(config, "--seconds", 7.5)
    assert (other["seed"], longer["seconds"]) == (2, 7.5)
    assert len({plain["state_hash"], other["state_hash"], longer["state_hash"]}) == 3
    assert summary_of(config, "--seconds", 0)["trades"] == 0


def test_standard_input_and_the_example() -> None:
    example = obctl("simulate", "--example")
    assert example.exit_code == 0
    assert "# A simulation" in example.stdout
    summary = summary_of("-", "--seconds", 10, data=example.stdout)
    assert summary["trades"] > 500
    assert all(agent["actions"] for agent in summary["agents"])


def run_in_a_process(config: Path, folder: Path, hash_seed: str, *arguments: str) -> dict[str, bytes]:
    """Run in a process of its own; return the summary and all files, by name."""
    folder.mkdir()
    command = [sys.executable, "-m", "obctl", "simulate", str(config), "--parquet", str(folder), "--json", *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stderr == b"", "no progress bar without a terminal"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return files | {"summary": json.dumps(without_wall_clock(json.loads(done.stdout))).encode()}


def test_the_same_seed_makes_the_same_bytes_in_any_process(config: Path, tmp_path: Path) -> None:
    first = run_in_a_process(config, tmp_path / "a", "1")
    assert sorted(first) == sorted([*(f"{name}.parquet" for name in TABLES), "summary"])
    assert run_in_a_process(config, tmp_path / "b", "2") == first
    other = run_in_a_process(config, tmp_path / "c", "1", "--seed", "2")
    assert [name for name in first if other[name] == first[name]] == []


def test_the_tables(config: Path, tmp_path: Path) -> None:
    summary = summary_of(config, "--parquet", tmp_path / "run")
    trades, samples, positions, agents = (
        parquet.read_table(tmp_path / f"run-{name}.parquet").to_pylist() for name in TABLES
    )
    assert len(trades) == summary["trades"]
    assert sum(trade["price"] * trade["quantity"] for trade in trades) == summary["value"]
    assert {trade["taker_side"] for trade in trades} == {"bid", "ask"}
    assert [trade["time_ns"] for trade in trades] == sorted(trade["time_ns"] for trade in trades)
    assert [sample["time_ns"] for sample in samples] == [500_000_000 * number for number in range(11)]
    assert samples[0]["last_price"] is None
    assert samples[-1]["mid"] == (summary["best_bid"] + summary["best_ask"]) / 2
    assert len(positions) == 11 * 22
    assert [row["agent"] for row in positions[:22]] == [agent["name"] for agent in summary["agents"]]
    last = {row["agent"]: (row["inventory_lots"], row["cash"], row["profit"]) for row in positions[-22:]}
    for row, agent in zip(agents, summary["agents"], strict=True):
        row["refusals"], row["reports"] = json.loads(row["refusals"]), json.loads(row["reports"])
        assert row == agent
        assert last[agent["name"]] == (agent["inventory_lots"], agent["cash"], agent["profit"])


@pytest.mark.parametrize(("name", "begins"), [("p.png", b"\x89PNG"), ("p.html", b"<!doctype html>")])
def test_the_plot(config: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    obctl("simulate", config, "--plot", tmp_path / name)
    drawn = (tmp_path / name).read_bytes()
    assert drawn.startswith(begins)
    if name == "p.html":
        for text in (b"best bid", b"noise (20)", b"inventory (lots)", b"profit (ticks"):
            assert text in drawn


def test_a_run_without_trades_has_all_files(tmp_path: Path) -> None:
    config = '[[agents]]\nstrategy = "passive-buyer"\n'
    result = obctl("simulate", "-", "--seconds", 0, "--parquet", tmp_path, "--plot", tmp_path / "p.png", data=config)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "trades      0\n" in result.stdout
    assert parquet.read_table(tmp_path / "trades.parquet").num_rows == 0
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize(
    ("text", "arguments", "status", "message"),
    [
        (
            "sed = 1",
            [],
            2,
            "obctl simulate: {path}: sed: there is no such key; there are seed, seconds, sample_millis\n",
        ),
        (None, [], 1, "obctl simulate: cannot read {path}: No such file or directory\n"),
        (SMALL.replace("4,", "-4,"), [], 2, "agents[2].settings.spread: is -4, and must be 0 to 2^64-1\n"),
        (SMALL, ["--seed", "-1"], 2, "is not in the range"),
        (SMALL, ["--seconds", "soon"], 2, "'soon' is not a number of seconds."),
        (SMALL, ["--seconds", "nan"], 2, "'nan' is not a number of seconds."),
        (SMALL, ["--seconds", "1e30"], 2, "is not a number of seconds."),
        (SMALL, ["--plot", "x.gif"], 2, "'x.gif' does not end in .png, .html."),
        (SMALL, ["--parquet", "no/where/x"], 2, "there is no folder 'no/where'."),
        (SMALL.replace("count = 20", "base_deposit = 9223372036854775807"), [], 2, "more than 2^63-1 of an asset\n"),
    ],
)
def test_wrong_input(tmp_path: Path, text: str | None, arguments: list[str], status: int, message: str) -> None:
    path = tmp_path / "run.toml"
    if text is not None:
        path.write_text(text)
    result = obctl("simulate", path, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message.format(path=path) in result.stderr
    assert len(list(tmp_path.iterdir())) == (text is not None)


def test_no_configuration() -> None:
    assert obctl("simulate", "--seed", 1).exit_code == 2


def test_files_appear_all_or_not_at_all(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "agents.parquet").mkdir()  # where the last of the files should go
    result = obctl("simulate", config, "--parquet", folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"cannot write {folder / 'agents.parquet'}: Is a directory" in result.stderr
    assert [path.name for path in folder.iterdir()] == ["agents.parquet"]
