"""A client made from the contract's table alone still can do everything, on a server as people start it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..cli.serve_process import SECONDS, serving
from ..wire.test_fresh import without_generator

pytestmark = without_generator

HERE = Path(__file__).parent
TOP = 2**64 - 1
BID, ASK = 1, 2
NEITHER = ("--tcp", "none", "--http", "none", "--metrics", "none", "--grpc", "127.0.0.1:0")
LIMITED = """
[[instrument]]
symbol = "BTC-USD"
reference_price = 100
price_band = 50
quantity_max = 20
notional_max = 2500
open_orders_max = 2
self_trade_prevention = "cancel_oldest"
"""


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    """Return a folder with code that was generated from the first version."""
    folder = tmp_path_factory.mktemp("stubs")
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE}", f"--python_out={folder}", f"--grpc_python_out={folder}",
        "first_version.proto",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture
def tell(stubs, tmp_path):
    """Return a function: what the client reports of a chapter on a server of its own, with some configuration."""

    def tell(chapter, configuration=""):
        config = tmp_path / "exchange.toml"
        config.write_text(configuration)
        with serving(*NEITHER, "--config", str(config), "--log-format", "json") as server:
            words = map(str, (HERE / "first_client.py", stubs, server.addresses["grpc"], server.process.pid, chapter))
            command = [sys.executable, "-I", *words]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=tmp_path, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return tell


def account(account_id, available, reserved=(0, 0)):
    return {"account": account_id, "available": list(available), "reserved": list(reserved)}


def traded(*fills, unfilled=0, resting=None):
    told = {"fills": [list(fill) for fill in fills], "unfilled": unfilled}
    return told if resting is None else told | {"resting": list(resting)}


def test_accounts(tell):
    assert tell("accounts") == {
        "stranger": "unknown_account",
        "stranger has a balance": False,
        "credit": account(1, (100, 2_000)),
        "again": account(1, (101, 2_002)),
        "nothing": account(5, (0, 0)),
        "known by it": account(5, (0, 0)),
        "too much": "numeric_overflow",
        "unchanged": "unknown_account",
        "balance": account(1, (101, 2_002)),
    }


def test_order_types(tell):
    assert tell("order_types") == {
        "limit rests": traded(resting=(1, ASK, 100, 5)),
        "behind it": traded(resting=(2, ASK, 100, 5)),
        "post only rests": traded(resting=(3, ASK, 101, 4)),
        "reserved": account(1, (986, 1_000_000), (14, 0)),
        "limit trades and rests": traded((1, 100, 5), (2, 100, 5), resting=(10, BID, 100, 2)),
        "ioc trades": traded((3, 101, 4), unfilled=2),
        "ioc finds nothing": traded(unfilled=6),
        "fok is killed": traded(unfilled=3),
        "fok is filled": traded((10, 100, 2)),
        "market finds nothing": traded(unfilled=2),
        "limit again": traded(resting=(16, BID, 98, 2)),
        "market trades": traded((16, 98, 2), unfilled=1),
        "market with a price ignores it": traded(unfilled=3),
        "no type is limit": traded(resting=(20, BID, 97, 1)),
        "an unknown type is limit": traded(resting=(21, BID, 97, 1)),
        "price 0": traded(resting=(22, BID, 0, 1)),
        "price 2^64-1": traded(resting=(TOP, ASK, TOP, 1)),
        "book": [[[97, [[20, 1], [21, 1]]], [0, [[22, 1]]]], [[TOP, [[TOP, 1]]]]],
        "modified": {},
        "lost its place": [97, [[21, 1], [20, 3]]],
        "smaller": {},
        "kept its place": [97, [[21, 1], [20, 3]]],
        "canceled": {"canceled": 1},
        "canceled what was modified": {"canceled": 3},
        "balances": [account(1, (982, 1_001_800)), account(2, (1_018, 998_103), (0, 97))],
    }


def test_refusals(tell):
    assert tell("refusals") == {
        "duplicate": "duplicate_order",
        "quantity 0": "invalid_quantity",
        **dict.fromkeys(("no price", "no price, ioc", "no price, fok", "no price, post only"), "missing_price"),
        "crossed": "crossed_order",
        "a stranger": "unknown_account",
        "no base": "insufficient_base",
        "no quote": "insufficient_quote",
        "overflow": "numeric_overflow",
        "modify unknown": "unknown_order",
        "modify another's": "account_mismatch",
        "modify to 0": "invalid_quantity",
        "modify without base": "insufficient_base",
        "cancel unknown": "unknown_order",
        "cancel another's": "account_mismatch",
        "credit too much": "numeric_overflow",
        "no side": "INVALID_ARGUMENT",
        "an unknown side": "INVALID_ARGUMENT",
        "changed nothing": True,
    }


def test_limits_of_the_instrument(tell):
    """An order that self-trade prevention removed reads as cancelled."""
    assert tell("limits", LIMITED) == {
        "out of band": "price_out_of_band",
        "too large": "quantity_too_large",
        "worth too much": "notional_too_large",
        "first": traded(resting=(1, ASK, 120, 5)),
        "second": traded(resting=(2, BID, 100, 5)),
        "one too many": "too_many_orders",
        "with oneself": traded(unfilled=5),
        "self-trade": [[1, 5, 2]],
    }


def test_the_feed_and_a_book_that_lives_on_it(tell):
    report = tell("feed")
    market_events = [event for event in report.pop("kinds") if event[1] < TOP - 1]
    assert market_events == [
        ["added", 2, ASK, 100, 5],
        ["rejection", 2, ASK, 2, 100, 5, 1],
        ["rejection", 3, BID, 5, 100, 5, 2],
        ["rejection", 4, BID, 4, 100, 6, 5],
        ["rejection", 5, BID, 2, None, 6, 4],
        ["trade", 6, 2, BID, 3, 100, 2],
        ["updated", 2, ASK, 100, 3],
        ["trade", 7, 2, BID, 2, 100, 3],
        ["removed", 2, ASK, 100, 3, 1],
        ["updated", 1, BID, 90, 3],
        ["removed", 1, BID, 90, 3, 2],
    ]
    assert report.pop("events") > 500
    assert report.pop("levels") > 3
    assert report.pop("queues") > 2
    assert report == {"gaps": False, "the same book": True, "fields it does not know": [16, 17]}


def test_deadlines(tell):
    assert tell("deadlines") == {
        "stream": "DEADLINE_EXCEEDED",
        "order": "DEADLINE_EXCEEDED",
        "tells the same": True,
        "goes on": traded(resting=(2, BID, 10, 1)),
        "still there": True,
    }
