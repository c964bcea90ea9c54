"""A server that is killed again and again keeps all that it acknowledged; `make soak` goes on for longer."""

import secrets
from pathlib import Path

from orderbook_server.journal.layout import journal_folder, segments
from tests.killing.loop import killing

from .serve_process import run

ROUNDS = 10


def test_kill_loop(tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    data_dir = tmp_path / "data"
    with killing(data_dir, seed) as loop:
        for _ in range(ROUNDS):
            loop.round()
    assert loop.audit.acknowledged > 1000
    assert len(segments(journal_folder(data_dir))) > 2
    done = run("journal", "verify", str(data_dir))
    assert (done.returncode, done.stderr) == (0, "")
