"""A day of trading as lines: what a few connections may send, so that much trades, rests and is cancelled."""

from random import Random

from .line_grammar import MODES, ORDER_TYPES

WEIGHTS = {
    "N {account} {id} {side} {price} {quantity} {type}": 30,
    "N {account} {id} {side} {price} {quantity}": 20,
    "M {account} {id} {quantity}": 8,
    "M {account} {id} {quantity} {price}": 12,
    "C {account} {id}": 8,
    "X {account}": 1,
    "A {account} 1000 100000": 3,
    "A {account} {top} 0": 1,
    "W {account} {quantity} {price}": 1,
    "B {account}": 3,
    "S": 3,
    "S {side} {price}": 2,
    "L": 2,
    "L {quantity}": 1,
    "O {id}": 2,
    "F {mode}": 2,
    "F": 3,
    "F FROM {sequence}": 2,
    "U {symbol}": 2,
    "D": 3,
    "D {mode}": 1,
    "P": 1,
    "N {account} {id} {side} {price} {top}": 1,
    "N {account} {id} {side} {top} {quantity} M": 1,
    "AUTH {token}": 1,
    "I": 1,
    "nonsense": 1,
    "": 1,
}
TYPES = [word.decode() for word in ORDER_TYPES]
MODE_WORDS = [word.decode() for word in MODES]


class Flow:
    """An endless source of lines for an exchange whose newest event has about the number `sequence`."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def line(self, sequence: int) -> bytes:
        """Return a line without its end; one in twenty was damaged."""
        random = self.random
        (pattern,) = random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        text = pattern.format(
            account=random.choice((1, 1, 1, 2, 2, 3)),
            id=random.randrange(1, 30),
            side=random.choice("BAba"),
            price=random.randrange(96, 105),
            quantity=random.choice((0, 1, 2, 3, 5, 8, 30)),
            type=random.choice(TYPES),
            mode=random.choice(MODE_WORDS),
            sequence=max(0, sequence - random.randrange(-1, 20)),
            symbol=random.choice(("BTC-USD", "ETH-USD")),
            token=random.choice(("boss", "boss", "trader", "viewer", "nobody")),
            top=2**64 - random.randrange(3),
        )
        if random.random() < 0.05:
            place = random.randrange(len(text) + 1)
            text = text[:place] + random.choice(("", " ", "\t", "\0", "\r", "x", "9", "-")) + text[place + 1 :]
        return text.encode()

    def packets(self, sequence: int) -> list[bytes]:
        """Return some lines, cut into packets anywhere; at times the last one is without an end."""
        random = self.random
        lines = [self.line(sequence) + random.choice((b"\n", b"\n", b"\r\n")) for _ in range(random.randrange(1, 9))]
        stream = b"".join(lines)[: None if random.random() < 0.9 else -random.randrange(1, 4)]
        middle = random.randrange(len(stream) + 1)
        return [stream] if random.random() < 0.6 else [stream[:middle], stream[middle:]]
