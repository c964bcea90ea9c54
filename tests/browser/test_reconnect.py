"""The page survives the end of its server, and follows the next one."""

import signal

import pytest

from ..cli.serve_process import Server, serving

STORY = ("A 1 1000000 1000000", "N 1 1 B 100 5", "N 1 2 B 99 7", "N 1 3 A 110 4", "N 1 4 A 112 6")
LOST = "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to"


def depth(server: Server) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the best levels that a server has, as its line protocol tells them."""
    sides: dict[str, list[tuple[int, ...]]] = {"B": [], "A": []}
    for level in server.ask("L 100")[0].split()[1:]:
        side, *numbers = level.split(":")
        sides[side].append(tuple(map(int, numbers)))
    return sides["B"], sides["A"]


def is_shown(watched, server):
    watched.see_sequence(int(server.ask("P")[0].split()[1]))
    shown = watched.shown()
    assert (shown.bids, shown.asks) == depth(server)


def arguments(server: Server | None = None) -> list[str]:
    """Return the addresses of a server: free ones, or for the page that of another."""
    http = server.addresses["http"] if server else "127.0.0.1:0"
    return ["--tcp", "127.0.0.1:0", "--grpc", "none", "--metrics", "none", "--http", http]


@pytest.mark.parametrize(("kept", "end"), [(True, signal.SIGKILL), (False, signal.SIGTERM)])
def test_a_server_restarts(visit, tmp_path, kept, end):
    place = ["--no-in-memory", "--data-dir", str(tmp_path)] if kept else ["--in-memory"]
    with serving(*place, *arguments()) as server:
        server.ask(*STORY)
        watched = visit(f"http://{server.addresses['http']}").go()
        watched.expect_complaints(LOST)
        is_shown(watched, server)
        assert watched.states()[-1] == "live"
        server.process.send_signal(end)
        watched.see_state("connecting")
        assert len(watched.shown().bids) == 2, "what was known stays to be read"
        server.process.wait(10)
        with serving(*place, *arguments(server)) as again:
            if kept:
                is_shown(watched, again)
                assert len(watched.shown().bids) == 2
            again.ask("A 2 1000 100000", "N 2 9 B 101 3")
            is_shown(watched, again)
            states = watched.states()
            assert (states[0], states[-1]) == ("connecting", "live")
            assert len(watched.shown().bids) == (3 if kept else 1)
