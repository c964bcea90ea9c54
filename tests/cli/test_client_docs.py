"""docs/clients.md on a real server: the commands print what it shows, but for times and made ids; its Python runs."""

import re
import threading
from pathlib import Path

import pytest

from agents.gateways.grpc import BlockingOrderBookClient
from orderbook import OrderType, Side
from tests.test_docs import Block, blocks_of, commands_of

from .serve_process import FREE, run, serving

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
BLOCKS = blocks_of(PAGE)
PYTHON = [block for block in BLOCKS if block.language == "py"]
ENDPOINT = "127.0.0.1:50051"


def as_any_run(text: str) -> str:
    """Return a text without what differs from run to run: times, and ids made of them."""
    return re.sub(r"\b\d{16,19}\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", "TIME", text)


def test_the_commands() -> None:
    [transcript] = (block for block in BLOCKS if block.language == "text")
    with serving(*FREE, "--instrument", "BTC-USD") as server:
        for command, expected in commands_of(transcript):
            done = run(*command.split()[1:], OBCTL_ENDPOINT=server.addresses["grpc"])
            assert as_any_run(done.stdout + done.stderr) == as_any_run(expected), command


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: f"line {block.line}")
def test_the_python(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(*FREE) as server, BlockingOrderBookClient.connect(server.addresses["grpc"]) as client:
        assert ENDPOINT in block.text
        stop = threading.Event()
        trader = threading.Thread(target=trade, args=(client, stop))
        trader.start()
        try:
            exec(block.text.replace(ENDPOINT, server.addresses["grpc"]), {})
        finally:
            stop.set()
            trader.join()
    assert capsys.readouterr().out


def trade(client: BlockingOrderBookClient, stop: threading.Event) -> None:
    """Have something happen all the time."""
    client.credit_account(1, 1000, 1000)
    while not stop.wait(0.05):
        client.submit_order(1, 500, Side.BID, OrderType.LIMIT, 5, 1)
        client.cancel_order(1, 500)


def test_there_is_python_to_run() -> None:
    assert len(PYTHON) == 3
