"""Kill a server that keeps its exchange, at random: `python -m tests.soak_journal --minutes 10 --rounds 200`.

Clients trade over TCP and gRPC, and note every answer. After each kill, whatever was acknowledged must be in the
journal once, with the same answer when it is carried out once more in plain Python; nothing that nobody said may be
there, and feeds go on.
"""

import argparse
import tempfile
import time
from pathlib import Path

from orderbook_server.journal.layout import journal_folder, segments, sequence_of

from .killing.loop import killing


def main() -> None:
    """Run rounds until there were so many or the time is over; print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    deadline = time.monotonic() + 60 * arguments.minutes
    rounds = 0
    data_dir = Path(tempfile.mkdtemp(prefix="soak-journal-"))  # stays where a round fails
    print(data_dir, flush=True)
    with killing(data_dir / "data", arguments.seed) as loop:
        while rounds < arguments.rounds and time.monotonic() < deadline:
            loop.round()
            rounds += 1
    happened = ", ".join(f"{name}: {times}" for name, times in sorted(loop.met.items()))
    print(f"{rounds} rounds ({happened}): {loop.audit.acknowledged} answers, all of them kept")
    first = segments(journal_folder(data_dir / "data"))[0]
    print(f"of {loop.audit.sequence} records, those from {sequence_of(first)} on are still there")


if __name__ == "__main__":
    main()
