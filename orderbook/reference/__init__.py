"""The slow, obvious engine: the oracle that the tests hold the compiled one against.

It has the public names of the compiled engine and none of its structure. `state` holds the orders, `matching` matches
them by the plans of `prevention`; `engine` is that alone, `risk` puts the balances of `ledger` in front of it, and
`exchange` several instruments over one ledger. One difference: it does not notice when a second thread enters it.
"""

from orderbook.reference.book import OrderBook
from orderbook.reference.engine import MatchingEngine
from orderbook.reference.exchange import Exchange
from orderbook.reference.risk import RiskEngine

__all__ = ["Exchange", "MatchingEngine", "OrderBook", "RiskEngine"]
