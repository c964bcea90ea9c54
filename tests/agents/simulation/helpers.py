"""A strategy that is a function, a small configuration, and a slow, obvious simulation to compare with."""

import heapq
from itertools import count

from agents.gateways.gateway import perform
from agents.gateways.in_process import InProcessGateway
from agents.gateways.market_feed import MarketFeed
from agents.requests import Cancel, Modify, ReadOrders, Submit, WaitUntil
from agents.simulation import Config, Simulation
from orderbook import Exchange, OrderBookError


class Scripted:
    """A strategy whose life is a generator function, called with the strategy and the time. fills: what it was told."""

    name = "scripted"

    def __init__(self, script):
        self.script = script
        self.fills = []
        self.is_finished = False

    def live(self, now_ns):
        return self.script(self, now_ns)

    def on_fill(self, fill):
        self.fills.append(fill)

    def finish(self):
        self.is_finished = True

    def figures(self):
        return {}


def read_clock():
    """Ask what time it is: a wait for a time that is over."""
    return WaitUntil(0)


def simulation(duration_ns=1_000_000, **options):
    """Return a simulation without agents."""
    return Simulation(Config(duration_ns=duration_ns, **options))


class PlainSimulation:
    """What `Simulation` does, in plain Python: every event goes through the heap, trades come from the event feed.

    agents: (account id, strategy, latency_ns, start_ns, base deposit, quote deposit) each.
    """

    def __init__(self, agents):
        self.exchange = Exchange(event_capacity=1 << 20)
        self.feed = MarketFeed(self.exchange)
        self.numbers = count()
        self.heap = []
        self.actions = 0
        self.refusals = 0
        for account_id, strategy, latency_ns, start_ns, base, quote in agents:
            self.exchange.market("BASE-QUOTE").credit_account(account_id, base, quote)
            gateway = InProcessGateway(self.exchange, account_id, feed=self.feed)
            self.push(start_ns, self.begin, strategy, gateway, latency_ns)

    def push(self, time_ns, action, *arguments):
        heapq.heappush(self.heap, (time_ns, next(self.numbers), action, arguments))

    def run(self, until_ns):
        while self.heap and self.heap[0][0] <= until_ns:
            time_ns, _, action, arguments = heapq.heappop(self.heap)
            action(time_ns, *arguments)

    def begin(self, now_ns, strategy, gateway, latency_ns):
        life = strategy.live(now_ns)
        self.resume(now_ns, strategy, gateway, latency_ns, life, life.send, None, ())

    def resume(self, now_ns, strategy, gateway, latency_ns, life, give, answer, fills):
        for fill in fills:
            strategy.on_fill(fill)
        try:
            request = give(answer)
        except StopIteration:
            return
        if type(request) is WaitUntil:
            self.push(max(now_ns, request.time_ns), self.wake, strategy, gateway, latency_ns, life)
        else:
            self.push(now_ns + latency_ns, self.arrive, strategy, gateway, latency_ns, life, request)

    def wake(self, now_ns, strategy, gateway, latency_ns, life):
        self.resume(now_ns, strategy, gateway, latency_ns, life, life.send, now_ns, ())

    def arrive(self, now_ns, strategy, gateway, latency_ns, life, request):
        is_action = isinstance(request, Submit | Modify | Cancel)
        self.actions += is_action
        give, fills = life.send, ()
        try:
            answer = perform(gateway, request)
        except OrderBookError as refusal:
            self.refusals += is_action
            give, answer = life.throw, refusal
        else:
            if type(request) is ReadOrders:
                answer, fills = answer
        self.feed.catch_up()
        self.push(now_ns + latency_ns, self.resume, strategy, gateway, latency_ns, life, give, answer, fills)
