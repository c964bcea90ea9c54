"""`obctl journal replay`: the state at every record is that of an exchange which has just come to it."""

from contextlib import suppress
from pathlib import Path

import pytest

from orderbook import Exchange, OrderBookError, OrderType, Side
from tests.journal import plain_journal as plain
from tests.journal.made import BTC

from .journals import long, run, run_json, segments, spoil, told, without_its_beginning, written


def states() -> list[Exchange]:
    """Return the story's exchange behind each of its records, from an exchange that was never journaled."""
    steps = [
        lambda e: None,
        lambda e: e.credit(1, "USD", 10_000),
        lambda e: e.credit(2, "BTC", 50),
        lambda e: e.submit("BTC-USD", 1, 11, Side.BID, OrderType.LIMIT, 100, 5),
        lambda e: e.submit("BTC-USD", 2, 21, Side.ASK, OrderType.IOC, 100, 3),
        lambda e: e.modify_order("BTC-USD", 1, 11, 2, 99),
        lambda e: e.submit("BTC-USD", 2, 22, Side.ASK, OrderType.FOK, 99, 7),
        lambda e: e.debit(2, "BTC", 7),
        lambda e: e.cancel_order("BTC-USD", 1, 11),
        lambda e: None,
    ]
    found = []
    for count in range(1, len(steps) + 1):
        exchange = Exchange([BTC])
        for step in steps[:count]:
            with suppress(OrderBookError):
                step(exchange)
        found.append(exchange)
    return found


def test_the_state_at_every_record(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    for sequence, exchange in enumerate(states(), 1):
        state = run_json("replay", path, "--until", sequence)
        bids, asks = exchange.market("BTC-USD").order_book.depth()
        assert state["sequence"] == state["record"]["sequence"] == sequence
        assert state["state_hash"] == exchange.state_hash()
        assert state["last_event"] == exchange.last_sequence
        [book] = state["instruments"]
        assert book["resting_orders"] == exchange.market("BTC-USD").order_book.total_orders()
        assert [(each["price"], each["total_quantity"], each["order_count"]) for each in book["bids"]] == [
            (each.price, each.total_quantity, each.order_count) for each in bids
        ]
        assert book["asks"] == list(asks)
        assert state["totals"] == {asset: exchange.total(asset) for asset in ("BTC", "USD")}
        for account in state["accounts"]:
            for asset, balance in account["balances"].items():
                own = exchange.balance(account["account_id"], asset)
                assert own is not None
                assert (balance["available"], balance["reserved"]) == (own.available, own.reserved)
        assert [account["account_id"] for account in state["accounts"]] == [1, 2][: max(sequence - 1, 0)]


def test_the_state_at_every_event(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    by_record = [run_json("replay", path, "--until", sequence) for sequence in range(1, 11)]
    for event in range(1, by_record[-1]["last_event"] + 1):
        state = run_json("replay", path, "--until-event", event)
        first = next(each for each in by_record if each["last_event"] >= event)
        assert state == first


def test_snapshots_make_no_difference(tmp_path: Path) -> None:
    path, taken = long(tmp_path / "data")
    [snapshot] = (path / "snapshots").iterdir()
    wanted = [taken - 1, taken, taken + 1, 6_002]
    with_it = [run_json("replay", path, "--until", sequence) for sequence in wanted]
    assert [state["replayed"] for state in with_it] == [taken - 1, 0, 1, 6_002 - taken]
    snapshot.unlink()
    without = [run_json("replay", path, "--until", sequence) for sequence in wanted]
    for state in with_it + without:
        del state["replayed"]
    assert with_it == without


def test_where_the_beginning_is_gone(tmp_path: Path) -> None:
    path, taken = without_its_beginning(tmp_path / "data")
    assert run_json("replay", path, "--until", taken)["sequence"] == taken
    result = run("replay", path, "--until", taken - 1, status=1)
    assert f"there is no state at record {taken - 1}: {path} has {taken} to 6002" in result.stderr
    assert "there is no state at event 1" in run("replay", path, "--until-event", 1, status=1).stderr


def test_out_of_range(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    result = run("replay", path, "--until", 11, status=1)
    assert result.stdout == ""
    assert f"there is no state at record 11: {path} has 1 to 10\n" in result.stderr
    last = run_json("replay", path)["last_event"]
    assert f"the last event is {last}" in run("replay", path, "--until-event", last + 1, status=1).stderr
    for words in (["--until", "0"], ["--until", "x"], ["--until", "1", "--until-event", "1"], ["--levels", "0"]):
        run("replay", path, *words, status=2)


def test_accounts(tmp_path: Path) -> None:
    path = told(tmp_path / "data")

    def ids(words: str) -> list[int]:
        return [account["account_id"] for account in run_json("replay", path, "--accounts", words)["accounts"]]

    assert (ids("all"), ids("none"), ids("2"), ids("2,1,2")) == ([1, 2], [], [2], [2, 1])
    assert "there is no account 3 at record 10" in run("replay", path, "--accounts", "1,3", status=1).stderr
    for words in ("", "x", "1,", "-1", "1 2", "all,1"):
        assert "nor numbers of accounts" in run("replay", path, f"--accounts={words}", status=2).stderr


def test_levels(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    [book] = run_json("replay", path, "--levels", 2)["instruments"]
    assert [level["price"] for level in book["bids"]] == [50, 49]
    assert book["resting_orders"] == 6_000


def test_as_people_read_it(tmp_path: Path) -> None:
    path = told(tmp_path / "data")
    lines = run("replay", path, "--until", 5).stdout.splitlines()
    assert lines[0].startswith("record      5 2")
    assert lines[0].endswith(" NEW account_id=2 order_id=21 side=ask order_type=ioc price=100 quantity=3")
    assert lines[1:3] == ["last event  3", "execution   4"]
    assert f"state hash  {states()[4].state_hash()}" in lines
    assert "BTC-USD  1 resting order" in lines
    assert any(line.startswith("bid    100     2       1") for line in lines)
    assert "USD  10000" in lines
    assert "account 1 USD       9500       200" in [" ".join(line.split(" ")) for line in lines]


def test_damage_in_front_and_behind(tmp_path: Path) -> None:
    path, _ = long(tmp_path / "data")
    [snapshot] = (path / "snapshots").iterdir()
    snapshot.unlink()
    begin = int(segments(path)[1].stem)
    spoil(segments(path)[1], 64 + 60)
    run("replay", path, "--until", 6_002, status=4)
    assert run_json("replay", path, "--until", begin - 1)["sequence"] == begin - 1


def test_a_state_hash_that_is_not_come_to(tmp_path: Path) -> None:
    path = written(tmp_path / "data", [plain.state(bytes(16))], [plain.state(bytes(16))])
    assert run_json("replay", path, "--until", 1)["sequence"] == 1
    assert "comes to the state" in run("replay", path, "--until", 2, status=4).stderr


@pytest.mark.parametrize("record", [plain.other(3, b"\2\0\0\0[]"), plain.other(3, b"\3\0\0\0{]}")])
def test_instruments_that_are_none(tmp_path: Path, record: bytes) -> None:
    path = written(tmp_path / "data", [record])
    run("replay", path, status=4)
