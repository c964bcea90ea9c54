"""The ticket: orders that are placed, refused, canceled from the page."""

import pytest
import trustme

from orderbook import Side
from orderbook_server.auth import Access
from orderbook_server.new_token import add_token

from .exchange import BTC, live_exchange

REFUSED = r"status of 4\d\d"  # what the browser itself logs of such answers


def open_orders(live, account_id):
    """Return the engine's own: {order_id: (side, price, quantity)}."""
    orders = live.call(live.exchange.open_orders, live.symbol(BTC), account_id)
    return {order.id: (order.side, order.price, order.quantity) for order in orders}


def see_listed(watched, *order_ids):
    """Wait until these are the account's open orders on the page."""
    watched.see(".open-orders li").to_have_count(len(order_ids))
    for order_id in order_ids:
        watched.see(f".open-orders li[data-order-id='{order_id}']").to_be_visible()


def trade(live, watched, account_id):
    """Place, see, cancel: what a trader can do. Order ids are above 2^53."""
    first, second = 2**63, 2**63 + 1
    watched.send_ticket(account_id=account_id, order_id=first, side="bid", price="50.05", quantity="0.007")
    watched.see_answer("ok")
    assert open_orders(live, account_id) == {first: (Side.BID, 1001, 7)}
    live.is_shown(watched)
    see_listed(watched, first)
    watched.see(".ladder-row[data-side=bid][data-price='1001']").to_have_attribute("data-own", "")

    watched.send_ticket(order_id=second, side="ask", price="50.10", quantity="1")
    watched.see_answer("ok")
    see_listed(watched, first, second)
    assert open_orders(live, account_id)[second] == (Side.ASK, 1002, 1000)

    watched.find(f"[data-action=cancel][data-order-id='{first}']").click()
    see_listed(watched, second)
    watched.see_answer("ok")
    assert open_orders(live, account_id).keys() == {second}
    live.is_shown(watched)

    watched.send_ticket(order_id=first, side="bid", price="50", quantity="2")
    see_listed(watched, first, second)
    watched.find("[data-action=cancel-all]").click()
    see_listed(watched)
    assert open_orders(live, account_id) == {}
    live.is_shown(watched)


def test_without_tokens_it_works_at_once(live, visit):
    watched = visit(live.origin).go()
    live.is_shown(watched)
    watched.see("ob-ticket [data-action=token]").to_be_hidden()
    trade(live, watched, 7)


def test_what_the_engine_refuses_is_said(live, visit):
    live.order(1, 1, Side.ASK, 1000, 10)
    watched = visit(live.origin).go()
    watched.expect_complaints(REFUSED)
    live.is_shown(watched)
    before = live.call(live.exchange.state_hash)
    order = {"account_id": 2, "order_id": 5, "side": "bid", "price": "50", "quantity": "0.001"}
    refusals = (
        ({"price": "50000000", "quantity": "10000"}, "insufficient_quote", "Not enough USD"),
        ({"side": "ask", "price": "0.05", "quantity": "999999999999999"}, "insufficient_base", "Not enough BTC"),
        ({"price": "50000000000", "quantity": "999999999"}, "numeric_overflow", "more than the exchange can count"),
        ({"order_type": "post_only"}, "crossed_order", "post-only"),
        ({"account_id": 77}, "unknown_account", "account"),
        ({"quantity": "0"}, "invalid_quantity", "above 0"),
        ({"price": "50.01"}, "invalid_field", "no multiple of 0.05"),
        ({"quantity": "a few"}, "invalid_field", "not a number"),
        ({"account_id": "-1"}, "invalid_field", "account"),
        ({"price": "92233720368547758090"}, "invalid_field", "more than"),
        ({"price": " "}, "invalid_field", "The price is missing"),
    )
    for changes, code, words in refusals:
        watched.send_ticket(**{"order_type": "limit"} | order | changes)
        watched.see_answer(code)
        watched.see("[data-role=answer]").to_contain_text(words)
    assert live.call(live.exchange.state_hash) == before
    wrong = watched.see("ob-ticket [aria-invalid=true]")
    wrong.to_have_attribute("name", "price")
    wrong.to_be_focused()
    watched.fill_ticket(**order)
    wrong.to_have_count(0)
    live.order(2, 5, Side.BID, 10, 1)
    watched.send_ticket(**order, order_type="limit")
    watched.see_answer("duplicate_order")


def test_an_order_that_trades(live, visit):
    live.order(1, 1, Side.ASK, 1000, 10)
    watched = visit(live.origin).go()
    live.is_shown(watched)
    watched.send_ticket(account_id=2, order_id=9, side="bid", price="50.10", quantity="0.013")
    watched.see_answer("ok")
    watched.see("[data-role=answer]").to_have_text("Order 9: Bought 0.010 BTC at 50.00 USD; 0.003 more wait at 50.10")
    live.is_shown(watched)
    assert watched.shown().trades[0][1:] == (1000, 10, "bid")
    watched.send_ticket(account_id=1, order_id=10, side="ask", order_type="market", quantity="0.004")
    watched.see("[data-role=answer]").to_contain_text("0.001 were left and dropped")
    live.is_shown(watched)
    assert watched.shown().bids == []


def test_a_price_of_the_ladder_goes_into_the_ticket(live, visit):
    live.order(1, 1, Side.ASK, 1000, 10)
    live.order(1, 2, Side.BID, 985, 10)
    watched = visit(live.origin).go()
    live.is_shown(watched)
    watched.find(".ladder-row[data-side=ask]").click()
    watched.see("ob-ticket [name=price]").to_have_value("50.00")
    watched.find(".ladder-row[data-side=bid]").click()
    watched.see("ob-ticket [name=price]").to_have_value("49.25")
    watched.see("ob-ticket [name=quantity]").to_be_focused()


@pytest.fixture
def tokens(tmp_path):
    """Return a file of tokens, and {name: token}: alice trades for account 7, victor only watches."""
    file = tmp_path / "tokens.toml"
    alice = add_token(file, Access("trader", "alice", frozenset({7})))
    victor = add_token(file, Access("viewer", "victor", frozenset({7})))
    return file, {"alice": alice, "victor": victor}


def test_with_tokens(visit, tokens):
    file, token = tokens
    with live_exchange(tokens=file) as live:
        live.order(1, 1, Side.ASK, 1010, 10)
        watched = visit(live.origin).go()
        watched.expect_complaints(REFUSED)
        watched.see_state("locked")
        watched.see("ob-token dialog").to_be_visible()
        assert watched.shown().asks == []
        watched.use_token("obt_aaaaaaaa_wrong")
        watched.see("ob-token dialog").to_contain_text("does not take the token")
        watched.see_state("locked")
        watched.use_token("“obt_aaaaaaaa_pasted”")
        watched.see("ob-token dialog").to_contain_text("This is no token")

        watched.use_token(token["victor"])
        live.is_shown(watched)
        order = {"account_id": 7, "order_id": 5, "side": "bid", "price": "50", "quantity": "0.001"}
        before = live.call(live.exchange.state_hash)
        watched.send_ticket(**order)
        watched.see_answer("permission_denied")
        watched.see("[data-role=answer]").to_contain_text("This token may not do that")

        watched.find("ob-ticket [data-action=token]").click()
        watched.use_token(token["alice"])
        live.is_shown(watched)
        watched.send_ticket(**order | {"account_id": 8})
        watched.see_answer("permission_denied")
        assert live.call(live.exchange.state_hash) == before
        trade(live, watched, 7)

        watched.page.reload()
        live.is_shown(watched)
        watched.see("ob-ticket [name=account_id]").to_have_value("7")
        stranger = visit(live.origin).go()
        stranger.see_state("locked")
        stranger.find("[data-action=close-token]").click()
        stranger.expect_complaints(REFUSED)
        stranger.send_ticket(**order)
        stranger.see_answer("unauthenticated")
        assert open_orders(live, 7) == {}


def test_over_tls(visit, tokens, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    file, token = tokens
    with live_exchange(tokens=file, certificate=(tmp_path / "cert.pem", tmp_path / "key.pem")) as live:
        watched = visit(live.origin, ignore_https_errors=True).go()
        watched.see_state("locked")
        watched.use_token(token["alice"])
        live.is_shown(watched)
        trade(live, watched, 7)
