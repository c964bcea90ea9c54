"""Two instruments, two accounts, one ledger, decimals in and out: `python examples/exchange.py`."""

from orderbook import Exchange, Instrument, OrderBookError, OrderType, SelfTradePrevention, Side

MAKER, TAKER = 1, 2

bitcoin = Instrument("BTC-USD", "BTC", "USD", tick_size="0.01", lot_size="0.001", quantity_max=10_000)
ether = Instrument("ETH-USD", "ETH", "USD", self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
exchange = Exchange([bitcoin, ether])
exchange.credit(MAKER, "BTC", bitcoin.lots("25"))
exchange.credit(TAKER, "USD", 10**10)  # of a quote asset, amounts are in ticks × lots

price, quantity = bitcoin.ticks("64250.25"), bitcoin.lots("1.2")
exchange.submit("BTC-USD", MAKER, 1, Side.ASK, OrderType.POST_ONLY, price, quantity)
result = exchange.submit("BTC-USD", TAKER, 2, Side.BID, OrderType.MARKET, None, bitcoin.lots("0.5"))
for fill in result.fills:
    print(f"bought {bitcoin.quantity(fill.quantity)} BTC at {bitcoin.price(fill.price)} USD")
for account in (MAKER, TAKER):
    print(f"account {account}: BTC {exchange.balance(account, 'BTC')}, USD {exchange.balance(account, 'USD')}")

for symbol, lots in (("BTC-USD", 20_000), ("ETH-USD", 1)):
    try:
        exchange.submit(symbol, MAKER, 3, Side.ASK, OrderType.LIMIT, price, lots)
    except OrderBookError as error:
        print(f"{symbol} refused, {error.code}: {error}")

exchange.halt("BTC-USD")
print("halted, and still:", exchange.cancel_all("BTC-USD", MAKER), "order taken back")
exchange.check()  # nothing was made or lost
