"""The generator: its shares, its numbers, its files."""

import gzip
import hashlib
import os
import stat
import struct
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from click.testing import CliRunner

from obctl.commands.generate import generate
from obctl.flow.generate import MIXES, Generator, commands
from orderbook.enums import OrderType

from .flow_files import read_all

COMMAND = struct.Struct("<4BI5Q")
NEW, CANCEL, MODIFY = 1, 2, 3
COUNT = 200_000


def records(data):
    return list(COMMAND.iter_unpack(data))


@pytest.fixture(scope="module")
def flows():
    return {mix: records(commands(mix, COUNT, seed=11)) for mix in MIXES}


@pytest.mark.parametrize(
    ("mix", "limits", "markets", "iocs", "cancels", "modifies"),
    [
        ("balanced", 55, 2.5, 2.5, 35, 5),
        ("aggressive", 70, 5, 15, 8, 2),
        ("sparse", 55, 0, 2, 38, 5),
        ("cancels", 42.98, 0, 7.59, 40.83, 8.6),
    ],
)
def test_shares(flows, mix, limits, markets, iocs, cancels, modifies):
    counts = Counter((record[0], record[2]) for record in flows[mix])
    expected = {
        (NEW, OrderType.LIMIT): limits,
        (NEW, OrderType.MARKET): markets,
        (NEW, OrderType.IOC): iocs,
        (CANCEL, 0): cancels,
        (MODIFY, 0): modifies,
    }
    assert set(counts) == {key for key, share in expected.items() if share}
    for key, share in expected.items():
        assert counts[key] / COUNT * 100 == pytest.approx(share, abs=0.4)


@pytest.mark.parametrize("mix", MIXES)
def test_fields(flows, mix):
    times = [record[9] for record in flows[mix]]
    assert all(0 < later - earlier <= 2000 for earlier, later in pairwise(times))
    accounts = {record[5] for record in flows[mix]}
    assert (min(accounts), max(accounts)) == (1, 1000)
    ids = [record[6] for record in flows[mix] if record[0] == NEW]
    assert ids == list(range(1, len(ids) + 1))
    for kind, side, order_type, flags, instrument, _, _, price, quantity, _ in flows[mix]:
        assert side in (1, 2)
        assert instrument == 0
        assert (quantity > 0) == (kind != CANCEL)
        assert price == 0 or flags == 1
        assert flags == (0 if kind == CANCEL or order_type == OrderType.MARKET else flags)


class Book:
    """A plain price-time matcher, to see what the flow does to a real book."""

    def __init__(self):
        self.levels = {1: {}, 2: {}}
        self.orders = {}
        self.unknown = self.trading = 0

    def apply(self, record):
        kind, side, order_type, flags, _, _, order_id, price, quantity, _ = record
        if kind == NEW:
            left = self.match(side, price if flags else None, quantity)
            self.trading += left < quantity
            if order_type == OrderType.LIMIT:
                self.rest(order_id, side, price, left)
        elif order_id not in self.orders:
            self.unknown += 1
        elif kind == CANCEL:
            self.drop(order_id)
        else:
            side, old_price = self.orders[order_id]
            price = price if flags else old_price
            queue = self.levels[side][old_price]
            if price == old_price and quantity <= queue[order_id]:
                queue[order_id] = quantity
            else:
                self.drop(order_id)
                self.rest(order_id, side, price, self.match(side, price, quantity) if price != old_price else quantity)

    def match(self, side, limit, quantity):
        other = self.levels[3 - side]
        while quantity and other:
            best = min(other) if side == 1 else max(other)
            if limit is not None and (best > limit if side == 1 else best < limit):
                break
            maker, open_quantity = next(iter(other[best].items()))
            if open_quantity > quantity:
                other[best][maker] -= quantity
                return 0
            quantity -= open_quantity
            self.drop(maker)
        return quantity

    def rest(self, order_id, side, price, quantity):
        if quantity:
            self.levels[side].setdefault(price, {})[order_id] = quantity
            self.orders[order_id] = (side, price)

    def drop(self, order_id):
        side, price = self.orders.pop(order_id)
        del self.levels[side][price][order_id]
        if not self.levels[side][price]:
            del self.levels[side][price]


@pytest.mark.parametrize("mix", ["balanced", "aggressive", "cancels"])
def test_cancels_and_modifies_are_about_orders_that_rest(flows, mix):
    book = Book()
    for record in flows[mix][:20_000]:
        book.apply(record)
    assert book.unknown == 0
    assert len(book.orders) > 300


def test_most_new_orders_of_the_aggressive_mix_trade_and_its_book_is_small(flows):
    book = Book()
    for record in flows["aggressive"][:40_000]:
        book.apply(record)
    news = sum(record[0] == NEW for record in flows["aggressive"][:40_000])
    assert book.trading > news / 2
    assert 500 < len(book.orders) < 1500


def test_prices_of_the_sparse_mix_are_spread_over_2_to_the_40(flows):
    prices = [record[7] for record in flows["sparse"] if record[0] == NEW]
    assert min(prices) < 2**40 // 20
    assert 2**40 * 19 // 20 < max(prices) < 2**40
    assert len(set(prices)) > 0.999 * len(prices)


@pytest.mark.parametrize("volatility", [0, 0.1, 1])
def test_the_cancel_mix(volatility):
    generator = Generator("cancels", orders=100_000, seed=5, volatility=volatility)
    flow = []
    while block := generator.read():
        flow += records(block)
    news = [record for record in flow if record[0] == NEW]
    resting = {record[6] for record in news if record[2] == OrderType.LIMIT}
    cancelled = [record[6] for record in flow if record[0] == CANCEL]
    modified = [record[6] for record in flow if record[0] == MODIFY]
    assert len(news) == 100_000
    assert 1 - len(resting) / len(news) == pytest.approx(0.15, abs=0.005)
    assert len(cancelled) == len(set(cancelled))
    assert len(resting.intersection(cancelled)) / len(resting) == pytest.approx(0.95, abs=0.01)
    assert len(modified) / len(resting) == pytest.approx(0.20, abs=0.01)
    start, end = (sorted(record[7] for record in part)[500] for part in (news[:1000], news[-1000:]))
    assert end / start == pytest.approx(1 - 0.6 * volatility, abs=0.03)


def test_depth_of_the_cancel_mix_is_a_power_law():
    news = [record for record in records(commands("cancels", 100_000, volatility=0)) if record[0] == NEW]
    distances = [abs(record[7] - 8192) for record in news if record[2] == OrderType.LIMIT]
    for near in (16, 32, 64, 128):
        inner = sum(near <= distance < 2 * near for distance in distances)
        outer = sum(2 * near <= distance < 4 * near for distance in distances)
        assert inner / outer == pytest.approx(2, rel=0.12)


def test_the_same_seed_gives_the_same_flow_on_every_machine():
    digest = hashlib.sha256()
    for mix in MIXES:
        digest.update(commands(mix, 10_000, seed=42, volatility=0.3))
    assert digest.hexdigest() == "7f35c76f3c64f904779ca1a8006bfda31dcb6f8f450c2a31e05e91b0f6a07aa2"
    assert commands("balanced", 100, seed=1) != commands("balanced", 100, seed=2)


def test_blocks_do_not_matter():
    generator = Generator("balanced", commands=1000, seed=3)
    pieces = b"".join(iter(lambda: bytes(generator.read(7)), b""))
    assert pieces == commands("balanced", 1000, seed=3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"mix": "calm", "commands": 1},
        {"mix": "sparse"},
        {"mix": "sparse", "commands": 1, "orders": 1},
        {"mix": "sparse", "commands": 1, "volatility": 1.1},
        {"mix": "sparse", "commands": 1, "seed": -1},
    ],
)
def test_wrong_arguments(arguments):
    with pytest.raises(ValueError, match=r"none of|ask for|outside"):
        Generator(**arguments)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def run(*arguments):
    return CliRunner().invoke(generate, [str(argument) for argument in arguments])


def test_the_command_writes_each_format_and_compression(tmp_path):
    options = ("--mix", "cancels", "--commands", 1000, "--seed", 9)
    for name in ("flow.bin", "flow.bin.zst", "flow.csv", "flow.csv.gz", "flow.csv.xz"):
        result = run(tmp_path / name, *options)
        assert (result.exit_code, result.output) == (0, "")
    assert names_in(tmp_path) == ["flow.bin", "flow.bin.zst", "flow.csv", "flow.csv.gz", "flow.csv.xz"]
    assert (tmp_path / "flow.bin").read_bytes() == commands("cancels", 1000, seed=9)
    assert gzip.decompress((tmp_path / "flow.csv.gz").read_bytes()) == (tmp_path / "flow.csv").read_bytes()
    assert run("-", *options).stdout_bytes == (tmp_path / "flow.csv").read_bytes()
    rows = {name: read_all(tmp_path / name)[0] for name in names_in(tmp_path)}
    assert rows["flow.bin"] == rows["flow.bin.zst"]
    assert rows["flow.csv"] == rows["flow.csv.gz"] == rows["flow.csv.xz"]


def test_orders_count_new_orders(tmp_path):
    assert run(tmp_path / "flow.bin", "--orders", 100).exit_code == 0
    assert sum(record[0] == NEW for record in records((tmp_path / "flow.bin").read_bytes())) == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flow.txt"], "neither .csv nor .bin"),
        (["flow.csv", "--orders", "1", "--commands", "1"], "exclude each other"),
        (["flow.csv", "--mix", "calm"], "calm"),
        (["flow.csv", "--volatility", "2"], "0<=x<=1"),
        (["flow.csv", "--volatility", "nan"], "--volatility: volatility nan is outside 0 … 1"),
        (["flow.csv", "--commands", str(2**64)], "'--commands': 18446744073709551616 is not in the range"),
        (["nowhere/flow.csv", "--orders", "1"], "No such file"),
    ],
)
def test_wrong_command_lines(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert isinstance(result.exception, SystemExit), "and no traceback"
    assert result.exit_code in (1, 2)
    assert message in result.output
    assert names_in(tmp_path) == []


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "flow.csv"
    path.write_text("old")
    monkeypatch.setattr("obctl.flow.write_flow.to_csv", lambda block: (_ for _ in ()).throw(OSError("disk full")))
    assert run(path, "--orders", 10).exit_code != 0
    assert (path.read_text(), names_in(tmp_path)) == ("old", ["flow.csv"])


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(pipe.read_bytes)
        assert run(pipe, "--commands", 10, "--format", "bin").exit_code == 0
        assert received.result(timeout=10) == commands("balanced", 10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
