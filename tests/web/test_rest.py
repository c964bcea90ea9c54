"""REST: what each request answers, row by row of the table in docs/web.md."""

import pytest

from orderbook import Instrument

from .rest_app import rest_app

U64_MAX = 2**64 - 1


def test_healthz(rest):
    response = rest.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_readyz_tells_the_last_sequence(rest):
    rest.submit(1, "bid", 99, 5)
    response = rest.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "sequence": "1"})


def test_readyz_while_the_server_shuts_down(rest):
    rest.stopping = True
    response = rest.get("/readyz")
    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "reason": "the server shuts down"},
    )
    assert rest.get("/healthz").status_code == 200


def test_instruments_in_the_order_of_their_configuration(rest):
    rest.exchange.halt("ETH-USD")
    bitcoin = {"symbol": "BTC-USD", "base": "BTC", "quote": "USD", "tick_size": "0.5", "lot_size": "1"}
    ether = {"symbol": "ETH-USD", "base": "ETH", "quote": "USD", "tick_size": "1", "lot_size": "1"}
    instruments = [bitcoin | {"halted": False}, ether | {"halted": True}]
    assert rest.get("/api/v1/instruments").json() == {"instruments": instruments, "authentication": False}


def test_sizes_are_written_out():
    with rest_app(instruments=(Instrument("A-B", "A", "B", tick_size="1E+2", lot_size="1E-8"),)) as rest:
        (instrument,) = rest.get("/api/v1/instruments").json()["instruments"]
        assert (instrument["tick_size"], instrument["lot_size"]) == ("100", "0.00000001")


def test_depth_best_first(rest):
    for order_id, price in enumerate((97, 99, 98, 99), 1):
        rest.submit(order_id, "bid", price, order_id)
    rest.submit(5, "ask", 101, 7)
    assert rest.get("/api/v1/depth?levels=2").json() == {
        "symbol": "BTC-USD",
        "sequence": "5",
        "bids": [{"price": "99", "quantity": "6", "orders": 2}, {"price": "98", "quantity": "3", "orders": 1}],
        "asks": [{"price": "101", "quantity": "7", "orders": 1}],
    }


def test_depth_has_ten_levels_unless_told(rest):
    for order_id in range(1, 13):
        rest.submit(order_id, "bid", order_id, 1)
    assert len(rest.get("/api/v1/depth").json()["bids"]) == 10
    assert len(rest.get("/api/v1/depth?levels=5000").json()["bids"]) == 12


def test_trades_newest_first(rest):
    rest.submit(1, "ask", 100, 5)
    rest.submit(2, "bid", 101, 2, 2)
    rest.submit(3, "bid", 99, 4, 2)
    rest.submit(4, "ask", None, 1, order_type="market")
    answer = rest.get("/api/v1/trades").json()
    assert (answer["symbol"], answer["sequence"]) == ("BTC-USD", str(rest.exchange.last_sequence))
    assert [{**trade, "time_ns": None} for trade in answer["trades"]] == [
        {"sequence": "5", "time_ns": None, "price": "99", "quantity": "1", "side": "ask"},
        {"sequence": "2", "time_ns": None, "price": "100", "quantity": "2", "side": "bid"},
    ]
    assert all(int(trade["time_ns"]) > 10**18 for trade in answer["trades"])
    assert rest.get("/api/v1/trades?limit=1").json()["trades"] == answer["trades"][:1]
    assert rest.get("/api/v1/trades?symbol=ETH-USD").json()["trades"] == []


def test_trades_fifty_unless_told_and_five_hundred_at_most(rest):
    rest.submit(1, "ask", 100, 1000)
    for order_id in range(2, 602):
        rest.sequencer.submit(0, 2, order_id, 1, 2, 100, 1)
    assert len(rest.get("/api/v1/trades").json()["trades"]) == 50
    trades = rest.get("/api/v1/trades?limit=500").json()["trades"]
    assert [int(trade["sequence"]) for trade in trades] == sorted((int(t["sequence"]) for t in trades), reverse=True)
    assert len(trades) == 500
    assert int(trades[0]["sequence"]) > rest.exchange.last_sequence - 3


def test_an_accounts_orders(rest):
    rest.submit(1, "bid", 99, 5)
    rest.submit(2, "ask", 101, 6)
    rest.submit(3, "bid", 98, 5, 2)
    assert rest.get("/api/v1/orders?account_id=1").json() == {
        "symbol": "BTC-USD",
        "sequence": "3",
        "orders": [
            {"order_id": "1", "side": "bid", "price": "99", "quantity": "5"},
            {"order_id": "2", "side": "ask", "price": "101", "quantity": "6"},
        ],
    }
    assert rest.get("/api/v1/orders?account_id=77").json()["orders"] == []


def test_a_balance(rest):
    rest.submit(1, "bid", 99, 5)
    assert rest.get("/api/v1/balance?account_id=1").json() == {
        "symbol": "BTC-USD",
        "account_id": "1",
        "available_base": "1000000",
        "reserved_base": "0",
        "available_quote": str(2_000_000_000 - 495),
        "reserved_quote": "495",
    }


def test_an_order_that_trades_and_rests(rest):
    rest.submit(1, "ask", 100, 3)
    assert rest.submit(2, "bid", 101, 5, 2) == {
        "order_id": "2",
        "unfilled": "0",
        "resting": {"order_id": "2", "side": "bid", "price": "101", "quantity": "2"},
        "fills": [{"maker_id": "1", "price": "100", "quantity": "3"}],
    }


@pytest.mark.parametrize("order_type", ["market", "immediate_or_cancel", "fill_or_kill", "post_only", "limit"])
def test_order_types(rest, order_type):
    rest.submit(1, "ask", 100, 3)
    price = 99 if order_type == "post_only" else 100
    answer = rest.submit(2, "bid", price, 5, 2, order_type=order_type)
    fills = [{"maker_id": "1", "price": "100", "quantity": "3"}]
    assert (
        answer
        == {
            "market": {"order_id": "2", "unfilled": "2", "resting": None, "fills": fills},
            "immediate_or_cancel": {"order_id": "2", "unfilled": "2", "resting": None, "fills": fills},
            "fill_or_kill": {"order_id": "2", "unfilled": "5", "resting": None, "fills": []},
            "post_only": {
                "order_id": "2",
                "unfilled": "0",
                "resting": {"order_id": "2", "side": "bid", "price": "99", "quantity": "5"},
                "fills": [],
            },
            "limit": {
                "order_id": "2",
                "unfilled": "0",
                "resting": {"order_id": "2", "side": "bid", "price": "100", "quantity": "2"},
                "fills": fills,
            },
        }[order_type]
    )


def test_a_market_order_needs_no_price_and_ignores_one(rest):
    rest.submit(1, "ask", 100, 3)
    assert rest.submit(2, "bid", 1, 1, 2, order_type="market")["unfilled"] == "0"
    assert rest.submit(3, "bid", None, 1, 2, order_type="market")["unfilled"] == "0"
    order = {"order_id": 4, "account_id": 2, "side": "bid", "quantity": 1, "order_type": "market", "price": None}
    assert rest.post("/api/v1/orders", json=order).json()["unfilled"] == "0"


def test_modify_with_and_without_a_price(rest):
    rest.submit(1, "bid", 99, 5)
    fewer = rest.request("PATCH", "/api/v1/orders/1", json={"account_id": 1, "quantity": "3"})
    assert fewer.json()["resting"] == {"order_id": "1", "side": "bid", "price": "99", "quantity": "3"}
    dearer = rest.request("PATCH", "/api/v1/orders/1", json={"account_id": 1, "quantity": 3, "price": "100"})
    assert dearer.json()["resting"] == {"order_id": "1", "side": "bid", "price": "100", "quantity": "3"}


def test_a_modified_order_may_trade(rest):
    rest.submit(1, "bid", 99, 5)
    rest.submit(2, "ask", 101, 2, 2)
    answer = rest.request("PATCH", "/api/v1/orders/1", json={"account_id": 1, "quantity": 5, "price": 101}).json()
    assert answer == {
        "order_id": "1",
        "unfilled": "0",
        "resting": {"order_id": "1", "side": "bid", "price": "101", "quantity": "3"},
        "fills": [{"maker_id": "2", "price": "101", "quantity": "2"}],
    }


def test_cancel(rest):
    rest.submit(1, "bid", 99, 5)
    response = rest.request("DELETE", "/api/v1/orders/1?account_id=1")
    assert (response.status_code, response.json()) == (200, {"order_id": "1", "canceled": "5"})
    assert rest.get("/api/v1/depth").json()["bids"] == []


def test_cancel_all_is_of_one_account_in_one_instrument(rest):
    for order_id in (1, 2):
        rest.submit(order_id, "bid", 99, 5)
    rest.submit(3, "bid", 99, 5, 2)
    rest.submit(4, "bid", 99, 5, symbol="ETH-USD")
    response = rest.request("DELETE", "/api/v1/orders?account_id=1")
    assert (response.status_code, response.json()) == (200, {"canceled_orders": 2})
    assert [order["order_id"] for order in rest.get("/api/v1/orders?account_id=2").json()["orders"]] == ["3"]
    assert rest.get("/api/v1/orders?account_id=1&symbol=ETH-USD").json()["orders"][0]["order_id"] == "4"


def test_every_request_takes_a_symbol(rest):
    ether = {"symbol": "ETH-USD"}
    rest.submit(1, "bid", 99, 5, **ether)
    for path in ("/depth", "/trades", "/orders?account_id=1", "/balance?account_id=1"):
        joint = "&" if "?" in path else "?"
        assert rest.get(f"/api/v1{path}{joint}symbol=ETH-USD").json()["symbol"] == "ETH-USD"
        assert rest.get(f"/api/v1{path}{joint}symbol=").json()["symbol"] == "BTC-USD"
    rest.request("PATCH", "/api/v1/orders/1", json={"account_id": 1, "quantity": 4, **ether}).raise_for_status()
    assert rest.get("/api/v1/depth?symbol=ETH-USD").json()["bids"][0]["quantity"] == "4"
    rest.request("DELETE", "/api/v1/orders/1?account_id=1&symbol=ETH-USD").raise_for_status()
    assert rest.request("DELETE", "/api/v1/orders?account_id=1&symbol=ETH-USD").json() == {"canceled_orders": 0}


def test_numbers_of_64_bits_there_and_back():
    with rest_app() as rest:
        rest.exchange.market(rest.exchange.instruments[0].symbol).credit_account(U64_MAX, 0, U64_MAX - 2_000_000_000)
        answer = rest.submit(str(U64_MAX), "bid", 1, 1, U64_MAX)
        assert answer["resting"]["order_id"] == str(U64_MAX)
        assert rest.get(f"/api/v1/orders?account_id={U64_MAX}").json()["orders"][0]["order_id"] == str(U64_MAX)
        assert rest.get(f"/api/v1/balance?account_id={U64_MAX}").json()["reserved_quote"] == "1"
        canceled = rest.request("DELETE", f"/api/v1/orders/{U64_MAX}?account_id={U64_MAX}")
        assert canceled.json() == {"order_id": str(U64_MAX), "canceled": "1"}


def test_no_answer_is_to_be_kept_by_anybody_between(rest):
    for response in (rest.get("/api/v1/depth"), rest.get("/api/v1/depth?levels=0"), rest.get("/api/v1/nothing")):
        assert response.headers["Cache-Control"] == "no-store"


def test_requests_are_counted(rest):
    rest.get("/api/v1/depth")
    rest.get("/api/v1/depth?levels=0")
    rest.submit(1, "bid", 99, 5)
    rest.get("/api/v1/depth", headers={"Host": "evil.example"})
    assert sum(rest.stats.batches.counts()) == sum(rest.stats.handling.counts()) == 4


def test_orders_of_rest_stay_when_the_client_goes(rest):
    rest.submit(1, "bid", 99, 5)
    assert rest.sequencer.end_sessions() == 0
    assert rest.get("/api/v1/depth").json()["bids"]
