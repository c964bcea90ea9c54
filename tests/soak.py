"""Hold the engine against its oracle on fresh random flow, until the time is over: `python -m tests.soak --minutes 10`.

Per round and mix, a young engine and the oracle run the same flow and must agree; so do exchanges, on flow about money,
and servers without sockets, to which several connections send lines.
Beside them one engine per mix lives through the whole run and is emptied after each round, so that ids, slots and pages
are used over and over; its invariants are walked, and the memory of the process must not grow.
"""

import argparse
import time
from array import array
from random import Random
from resource import RUSAGE_SELF, getrusage

import orderbook
from obctl.flow.generate import MIXES, commands
from orderbook import reference

from .engine.helpers import Kind, packed
from .money.flow import flow as money_flow
from .server.line_flow import Flow
from .server.test_line_fuzz import CONNECTIONS, Packets, Servers, random_setting

ORACLE_COMMANDS = 10_000
LONG_COMMANDS = 500_000
LINE_PACKETS = 2_000
GROWTH_MAX = 1.5  # of the peak memory, against that of the first round


def agree(engine, oracle, flow):
    """Run a flow through engine and oracle, and compare all that they say."""
    result, expected = engine.process(flow), oracle.process(flow)
    assert bytes(result.status) == bytes(expected.status)
    assert bytes(result.unfilled) == bytes(expected.unfilled)
    fills = array("Q", bytes(result.fills)).tolist()
    assert fills == [number for fill in expected.fills for number in fill]
    assert engine.events() == oracle.events()
    assert engine.state_hash() == oracle.state_hash()
    engine.check()


def exchanges_agree(seed):
    """Hold exchanges of three instruments, two of them with prevention and limits, against each other."""
    instruments = [
        orderbook.Instrument("A-U", "A", "U"),
        orderbook.Instrument("B-U", "B", "U", self_trade_prevention=1 + seed % 4, open_orders_max=3),
        orderbook.Instrument("U-A", "U", "A", reference_price=11, price_band=2, quantity_max=8, notional_max=80),
    ]
    records = packed(money_flow(seed, ORACLE_COMMANDS, len(instruments)))
    agree(orderbook.Exchange(instruments), reference.Exchange(instruments), orderbook.as_commands(records))


def servers_agree(seed):
    """Hold compiled line sessions against the reference: connections that come and go, and send lines of all kinds."""
    random = Random(seed)
    servers, flow = Servers(random_setting(random)), Flow(random)
    for _ in range(LINE_PACKETS):
        packets = flow.packets(servers.reference.exchange.last_sequence) if random.random() > 0.02 else None
        servers.take(Packets(random.choice(CONNECTIONS), packets))
    servers.check()


def emptied(engine):
    """Cancel all that rests, in one batch, and walk the invariants before and after."""
    engine.check()
    bids, asks, _ = engine.order_book.snapshot()
    cancels = bytearray()
    for level in (*bids, *asks):
        for order in level.orders:
            cancels += bytes([Kind.CANCEL]) + bytes(15) + order.id.to_bytes(8, "little") + bytes(24)
    assert not any(bytes(engine.process(orderbook.as_commands(cancels)).status))
    assert len(engine.order_book) == 0
    engine.check()


def main():
    """Run rounds until the time is over; print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    engines = {mix: orderbook.MatchingEngine() for mix in MIXES}
    memory_first = seed = 0
    while seed == 0 or time.monotonic() < end:
        for mix, engine in engines.items():
            print(f"seed {options.seed + seed} {mix}", flush=True)
            flow = orderbook.as_commands(commands(mix, ORACLE_COMMANDS, options.seed + seed))
            agree(orderbook.MatchingEngine(), reference.MatchingEngine(), flow)
            engine.process(orderbook.as_commands(commands(mix, LONG_COMMANDS, options.seed + seed)))
            emptied(engine)
        print(f"seed {options.seed + seed} money", flush=True)
        exchanges_agree(options.seed + seed)
        print(f"seed {options.seed + seed} lines", flush=True)
        servers_agree(options.seed + seed)
        memory = getrusage(RUSAGE_SELF).ru_maxrss
        memory_first = memory_first or memory
        assert memory < GROWTH_MAX * memory_first, f"{memory} KiB, after {memory_first} in the first round"
        seed += 1
    print(f"{seed} rounds, and no difference")


if __name__ == "__main__":
    main()
