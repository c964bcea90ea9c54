"""Scenario tables about money: as those of the engine, with an account in front of every command's words.

    credit ACCOUNT BASE QUOTE
    debit ACCOUNT BASE QUOTE
    submit ACCOUNT ID SIDE TYPE PRICE QUANTITY [MODE]   with a self-trade prevention of its own
    modify ACCOUNT ID QUANTITY [PRICE]
    cancel ACCOUNT ID
    cancel_all ACCOUNT                      canceled COUNT
    account ACCOUNT                         shows base and quote: what is available, what is reserved
    open ACCOUNT                            shows its open orders in the order of entry

The first commands, up to the first that is followed by what it caused, prepare the book and may cause anything.
"""

from itertools import dropwhile
from pathlib import Path

import pytest

from orderbook import OrderType, SelfTradePrevention, Side

from ..engine.test_scenarios import number, observed, steps, words

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def call(engine, command, *arguments):
    """Run one command of a scenario; None when it returns nothing to be shown."""
    if command == "submit":
        account, order_id, side, order_type, price, quantity, *mode = arguments
        order = (number(account), number(order_id), Side[side], OrderType[order_type], number(price), number(quantity))
        return engine.submit(*order, self_trade_prevention=SelfTradePrevention[mode[0]] if mode else None)
    method = {"modify": "modify_order", "cancel": "cancel_order", "credit": "credit_account", "debit": "debit_account"}
    return getattr(engine, method.get(command, command))(*map(number, arguments))


def shown_account(engine, account):
    """Return the lines that show what an account has."""
    held = engine.account_snapshot(account)
    return [f"base {words(*tuple(held)[:2])}", f"quote {words(*tuple(held)[2:])}"] if held else ["unknown"]


def seen(engine, line):
    """Return the lines that say what a command caused, or that answer a question."""
    command, *arguments = line.split()
    if command == "account":
        return shown_account(engine, number(*arguments))
    if command == "open":
        return [words(*order) for order in engine.open_orders(number(*arguments))]
    lines = observed(engine, line, call)
    return [] if lines == ["canceled -"] else lines  # a credit or debit returns nothing


def prepares(step):
    """Tell whether a command stands there without what it caused."""
    return not step[1]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(api, path):
    engine = api.RiskEngine()
    script = steps(path.read_text())
    told = list(dropwhile(prepares, script))
    for line, _ in script[: len(script) - len(told)]:
        seen(engine, line)
    for line, expected in told:
        assert (line, seen(engine, line)) == (line, expected)
        engine.check()


def test_there_are_scenarios_and_each_shows_what_accounts_have():
    assert {path.stem.upper() for path in SCENARIOS} > {mode.name for mode in SelfTradePrevention}
    for path in SCENARIOS:
        text = path.read_text()
        assert text.startswith("# ")
        assert any(line.startswith("account") for line, _ in steps(text))
