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
    """A session that is sent the cycle of lines again and again."""

    def __init__(self) -> None:
        settings = Settings()
        exchange = Exchange(settings.instruments, event_capacity=settings.event_capacity)
        self.session = LineSession(Sequencer(exchange, execution_capacity=settings.event_capacity), version="bench")
        self.session.receive(flow.credit_lines())
        self.packets = cycle(flow.packets())

    def refused_share(self) -> float:
        """Send the cycle once; return the part of the commands that the engine refused."""
        answers = b"".join(self.session.receive(packet) for packet in flow.packets())
        assert answers.count(b"\n") == len(flow.lines())
        return answers.count(b"ERR ") / len(flow.lines())

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
    """The engine alone, that is sent the same commands as batches of records."""

    def __init__(self) -> None:
        self.exchange = Exchange(event_capacity=Settings().event_capacity)
        for account in flow.ACCOUNTS:
            self.exchange.credit(account, "BASE", flow.PLENTY)
            self.exchange.credit(account, "QUOTE", 8 * flow.PLENTY)
        self.batches = cycle([as_commands(batch) for batch in flow.records()])

    def turn(self, seconds: float) -> Reached:
        """Have commands carried out."""
        done, watch = 0, Stopwatch()
        while watch.seconds < seconds:
            done += self.exchange.process(next(self.batches)).commands
        return watch.reached(done)


def measure_protocol(_addresses: Addresses, seconds: float, progress: Progress = nobody) -> Figures:
    """Measure commands per second inside the protocol object, in this process."""
    lines = Lines()
    refused_share = lines.refused_share()
    reached = in_turns({"lines": lines.turn, "engine": Engine().turn}, seconds, progress)
    cpu = cpu_us(reached["lines"])
    return {
        "commands_per_second": rate(reached["lines"]),
        "ns_per_command": 1e9 / rate(reached["lines"]),
        "cpu_ns_per_command": None if cpu is None else cpu * 1e3,
        "engine_commands_per_second": rate(reached["engine"]),
        "ratio_to_engine": ratio(reached["lines"], reached["engine"]),
        "refused_share": refused_share,
    }
