"""Credit, quote, trade and follow the feed over TCP: start `obctl serve`, then `python examples/tcp_client.py`."""

import argparse
import socket

MAKER, TAKER = 1, 2  # accounts


class Client:
    """A connection: command lines go out, and one answer line comes back for each, in order."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)))
        self.stream = self.socket.makefile("rw", newline="\n")

    def ask(self, *commands: str) -> None:
        """Send commands in one go, and print each with its answer; events of the feed may come in between."""
        self.stream.write("".join(f"{command}\n" for command in commands))
        self.stream.flush()
        for command in commands:
            while (line := self.stream.readline().rstrip()).startswith("EVENT"):
                print(" " * 26, line)
            print(f"{command:26} {line}")

    def leave(self) -> None:
        """Say goodbye."""
        self.ask("QUIT")
        self.stream.close()
        self.socket.close()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--address", default="127.0.0.1:9000", metavar="HOST:PORT", help="default: %(default)s")
address = parser.parse_args().address

listener = Client(address)
listener.ask("INSTRUMENTS", "FEED")  # from now on it hears of every change of every book

maker = Client(address)
maker.ask(f"CREDIT {MAKER} 10 1000")  # 10 of the base asset to sell, 1000 of the quote asset to buy with
maker.ask("CANCEL_ON_DISCONNECT")  # no quotes of ours without us
maker.ask(f"NEW {MAKER} 1 B 99 5 POST_ONLY", f"NEW {MAKER} 2 A 101 5 POST_ONLY")  # two commands, one packet

taker = Client(address)
taker.ask(f"CREDIT {TAKER} 0 1000")
taker.ask(f"NEW {TAKER} 3 B 101 2 IOC", f"NEW {TAKER} 4 B 101 1000", f"BALANCE {TAKER}")  # the second is refused

maker.ask("SNAPSHOT", f"CANCEL {MAKER} 1", f"CANCEL {MAKER} 2")
listener.ask("PING")  # all events so far come before the answer
for client in (maker, taker, listener):
    client.leave()
