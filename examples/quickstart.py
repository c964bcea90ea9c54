"""An engine, two traders, and what comes of it: `python examples/quickstart.py`."""

from orderbook import MatchingEngine, Side

engine = MatchingEngine()
engine.submit_limit(1, Side.ASK, price=101, quantity=5)
engine.submit_limit(2, Side.ASK, price=102, quantity=5)
result = engine.submit_limit(3, Side.BID, price=102, quantity=7)
for fill in result.fills:
    print(f"order 3 bought {fill.quantity} lots at {fill.price} from order {fill.maker_id}")
print("best ask:", engine.order_book.best_ask())
for event in engine.events(after=2):
    print(event)
