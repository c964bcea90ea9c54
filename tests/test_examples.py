"""The examples run: the scripts as programs, the notebook cell by cell in a kernel."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import obctl

from .cli.serve_process import FREE, serving

EXAMPLES = Path(__file__).parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))

# The kernel's own libraries warn about each other; that is no matter of the example.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def environment():
    """Return an environment in which Python finds the tree under test."""
    return os.environ | {"PYTHONPATH": str(Path(obctl.__file__).parent.parent), "PYTHONWARNINGS": "default"}


def test_the_quickstart_says_what_happened(environment):
    command = [sys.executable, EXAMPLES / "quickstart.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "order 3 bought 5 lots at 101 from order 1"
    assert lines[2] == "best ask: (102, 3)"
    assert lines[-1].startswith("BookUpdated(sequence=6, ")
    assert done.stderr == ""


def test_the_exchange_says_who_has_what(environment):
    command = [sys.executable, EXAMPLES / "exchange.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "bought 0.500 BTC at 64250.25 USD"
    assert lines[1] == (
        "account 1: BTC Balance(available=23800, reserved=700), USD Balance(available=3212512500, reserved=0)"
    )
    assert [line.split(":")[0] for line in lines[3:]] == [
        "BTC-USD refused, quantity_too_large",
        "ETH-USD refused, insufficient_base",
        "halted, and still",
    ]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("transport", "lines"),
    [
        (
            "tcp",
            [
                "NEW 1 2 A 101 5 POST_ONLY  EXEC 0 REST 2 A 101 5",
                "NEW 2 3 B 101 2 IOC        EXEC 0 FILL 2 101 2",
                "NEW 2 4 B 101 1000         ERR insufficient_quote",
                "                           EVENT 3 TRADE 3 2 B IOC 101 2",
                "PING                       PONG 6",
                "QUIT                       BYE",
            ],
        ),
        (
            "grpc",
            [
                "taker: bought 2 at 101 from order 2",
                "taker: 1000 more? insufficient_quote",
                "maker: account_id: 1 available_base: 5 reserved_base: 3 available_quote: 707 reserved_quote: 495",
                "maker: order 2 canceled: side: SIDE_ASK price: 101 quantity: 3 reason: CANCEL_REASON_REQUESTED",
            ],
        ),
    ],
)
def test_the_clients_trade(environment, transport, lines):
    with serving(*FREE) as server:
        command = [sys.executable, EXAMPLES / f"{transport}_client.py", "--address", server.addresses[transport]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        told = done.stdout.splitlines()
        assert list(dict.fromkeys(line for line in told if line in lines)) == lines, told
        assert told[-1] == lines[-1]
        assert done.stderr == ""
        again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        assert len(again.stdout.splitlines()) == len(told), "it leaves nothing behind that is in its way"


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.name)
def notebook(request):
    """Return a notebook as it lies there."""
    return nbformat.read(request.param, as_version=4)


def test_a_notebook_holds_no_outputs(notebook):
    """They would be those of another day."""
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)


def test_a_notebook_runs(notebook, environment, tmp_path):
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    client.execute(env=environment)  # raises CellExecutionError where a cell does
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == sum("plt.subplots" in cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert not [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]


def test_there_is_a_notebook():
    assert [path.name for path in NOTEBOOKS] == ["replay_and_trade.ipynb"]
