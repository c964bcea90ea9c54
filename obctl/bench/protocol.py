"""The protocol without a socket: packets of 1,000 lines into a LineSession, beside the engine alone."""

import os
from itertools import cycle

from obctl.bench import flow
from obctl.bench.processes import Addresses
from obctl.bench.turns import Figures, Progress, Reached, Stopwatch, cpu_us, in_turns, nobody, rate, ratio
from orderbook import Exchange
from orderbook.batch import as_commands
from orderbook_server.config import Settings
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.sequencer import Sequencer


class Lines:
    """A session that is sent the cycle of lines again and again, and has been so long that its logs have gone round."""

    def __init__(self) -> None:
        settings = Settings()
        exchange = Exchange(settings.instruments, event_capacity=settings.event_capacity)
        self.session = LineSession(Sequencer(exchange, execution_capacity=settings.event_capacity), version="bench")
        self.session.receive(flow.credit_lines())
        self.packets = cycle(flow.packets())

        self.refused_share = self.run_in(exchange, settings.event_capacity)

    def run_in(self, exchange: Exchange, events: int) -> float:
        """Send the cycle until there were so many events; return the part of the commands that the engine refused."""
        refused = sent = 0
        while exchange.last_sequence < events:
            for packet in flow.packets():
                refused += self.session.receive(packet).count(b"ERR ")
            sent += len(flow.lines())
        return refused / sent

    def turn(self, seconds: float) -> Reached:
        """Have lines parsed, carried out and answered."""
        session = self.session
        before, watch = session.lines, Stopwatch(os.getpid())
        while watch.seconds < seconds:
            session.receive(next(self.packets))
            while session.waiting:
                session.advance()
        return watch.reached(session.lines - before)


class Engine:
    """The engine alone, that is sent the same commands as batches of records, and has been for as long."""

    def __init__(self) -> None:
        self.exchange = Exchange(event_capacity=Settings().event_capacity)
        for account in flow.ACCOUNTS:
            self.exchange.credit(account, "BASE", flow.PLENTY)
            self.exchange.credit(account, "QUOTE", 8 * flow.PLENTY)
        batches = [as_commands(batch) for batch in flow.records()]
        while self.exchange.last_sequence < Settings().event_capacity:
            for batch in batches:
                self.exchange.process(batch)
        self.batches = cycle(batches)

    def turn(self, seconds: float) -> Reached:
        """Have commands carried out."""
        done, watch = 0, Stopwatch()
        while watch.seconds < seconds:
            done += self.exchange.process(next(self.batches)).commands
        return watch.reached(done)


def measure_protocol(_addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure commands per second inside the protocol object, in this process."""
    lines = Lines()
    reached = in_turns({"lines": lines.turn, "engine": Engine().turn}, seconds, progress)
    cpu = cpu_us(reached["lines"])
    return {
        "commands_per_second": rate(reached["lines"]),
        "ns_per_command": 1e9 / rate(reached["lines"]),
        "cpu_ns_per_command": None if cpu is None else cpu * 1e3,
        "engine_commands_per_second": rate(reached["engine"]),
        "ratio_to_engine": ratio(reached["lines"], reached["engine"]),
        "refused_share": lines.refused_share,
    }
