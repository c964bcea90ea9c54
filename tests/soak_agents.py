"""Kill servers and agents at random until the time is over: `python -m tests.soak_agents --minutes 10`.

One server, at the same port in all its lives, and the three agents on it. Each round something happens to one of them:
a kill, a halt, a polite end. Then the book must come to hold what the living agents want in it, and nothing else; an
order that nobody knows of any more would stay. A polite end must be one with status 0, in time, and leave no order.
"""

import argparse
import signal
import socket
import time
from contextlib import ExitStack
from random import Random

from agents.errors import ClientError
from agents.gateways.grpc import BlockingOrderBookClient
from orderbook import Side

from .cli.serve_process import serving, trading

SETTLED_SECONDS = 60  # the back-off's cap, a cycle's pause, and some more for a busy machine
LEAVE_SECONDS = 6
RICH = ("--base-deposit", "1000000000", "--quote-deposit", "1000000000000000")
AGENTS = {  # account: the command's words
    1: ("market-maker", *RICH, "--tick-millis", "100"),
    2: ("twap", *RICH, "--side", "ask", "--price", "99950", "--slice-interval-millis", "200"),
    3: ("passive-buyer", *RICH, "--target-price", "99890", "--tick-millis", "150"),
}
WANTED = {1: [Side.BID, Side.ASK], 2: [Side.ASK], 3: [Side.BID]}  # at some moment, each agent has exactly these orders


class Scene:
    """The processes, those that live now, and a client that looks at the book."""

    def __init__(self, stack, random):
        self.stack = stack
        self.random = random
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.endpoint = f"127.0.0.1:{probe.getsockname()[1]}"
        self.start_server()
        self.agents = {}
        for account in AGENTS:
            self.start_agent(account)
        self.client = stack.enter_context(BlockingOrderBookClient.connect(self.endpoint))

    def start_server(self):
        """Start the next life of the server, whose last one has ended."""
        self.server = self.stack.enter_context(
            serving("--tcp", "none", "--http", "none", "--metrics", "none", "--grpc", self.endpoint)
        )

    def start_agent(self, account):
        """Start the next life of an agent, whose last one has ended, and wait until it has cleaned up after that."""
        name, *words = AGENTS[account]
        self.agents[account] = self.stack.enter_context(trading(name, self.endpoint, *words))
        self.agents[account].wait_for("connected")

    def settle(self):
        """Wait until each agent was seen with the orders that it wants, and none besides."""
        unseen = set(AGENTS)
        seen = {}
        deadline = time.monotonic() + SETTLED_SECONDS
        while unseen:
            assert time.monotonic() < deadline, f"accounts {unseen} do not settle: {seen}"
            for account in list(unseen):
                try:
                    seen[account] = self.client.open_orders(account).orders
                except ClientError:
                    continue
                if sorted(order.side for order in seen[account]) == WANTED[account]:
                    unseen.remove(account)
            time.sleep(0.02)

    def kill_server(self):
        """Kill the server, and start it again after a while; as it kept nothing, all is gone."""
        self.server.process.kill()
        self.server.see_out()
        time.sleep(self.random.uniform(0, 2))
        self.start_server()

    def kill_agent(self):
        """Kill an agent, and start it again."""
        account = self.random.choice(list(AGENTS))
        self.agents[account].process.kill()
        self.agents[account].see_out()
        self.start_agent(account)

    def halt_somebody(self):
        """Have a process do nothing for a while."""
        process = self.random.choice([self.server, *self.agents.values()]).process
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0, 8))
        process.send_signal(signal.SIGCONT)

    def end_agent(self):
        """End an agent politely, and start it again."""
        account = self.random.choice(list(AGENTS))
        seconds = self.agents[account].end(self.random.choice([signal.SIGTERM, signal.SIGINT]))
        agent = self.agents[account]
        assert (agent.process.returncode, agent.complaints) == (0, []), agent.events[-3:]
        assert seconds < LEAVE_SECONDS
        assert self.client.open_orders(account).orders == ()
        self.start_agent(account)


def main():
    """Run rounds until the time is over; print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    random = Random(arguments.seed)
    deadline = time.monotonic() + 60 * arguments.minutes
    happened = {}
    with ExitStack() as stack:
        scene = Scene(stack, random)
        scene.settle()
        while time.monotonic() < deadline:
            time.sleep(random.uniform(0, 0.5))
            happens = random.choice([scene.kill_server, scene.kill_agent, scene.halt_somebody, scene.end_agent])
            happens()
            scene.settle()
            happened[happens.__name__] = happened.get(happens.__name__, 0) + 1
        for agent in scene.agents.values():
            agent.end()
            assert (agent.process.returncode, agent.complaints) == (0, []), agent.events[-3:]
        snapshot = scene.client.snapshot()
        assert (snapshot.bids, snapshot.asks) == ((), ())
    print(", ".join(f"{name.replace('_', ' ')}: {times}" for name, times in happened.items()) + ": all came back well")


if __name__ == "__main__":
    main()
