"""The group `obctl`: help, version, completion, exit statuses, interrupts, and every example of every help text."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from obctl.main import COMMANDS, main
from obctl.simulate.example import EXAMPLE as SIMULATION
from tests.replay.helpers import Flow, obctl, write_csv
from tests.replay.lobster_maker import Lobster

from .journals import told
from .serve_process import interruptible

OBCTL = [sys.executable, "-m", "obctl"]
CLIENTS = {"account", "book", "events", "order"}  # whose examples need a server: test_client_commands.py runs them
LOOKS = ("verify", "dump", "stats", "replay", "diff", "repair")  # of obctl journal
ELSEWHERE = {*CLIENTS, "agent", "health"}  # test_agent.py and test_health.py run those


def test_help_lists_every_command() -> None:
    result = obctl("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", result.stdout, re.MULTILINE)
    assert obctl().exit_code == 2, "no command is a wrong command line"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    result = obctl(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: obctl {name} ")
    assert "Examples:\n" in result.stdout


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_a_terminal_of_80_columns(name: str) -> None:
    result = CliRunner().invoke(main, [*name.split(), "--help"], prog_name="obctl", terminal_width=80)
    assert [line for line in result.stdout.splitlines() if len(line) > 80] == []


def test_replay_help_names_every_key_of_the_summary(tmp_path: Path) -> None:
    from tests.replay.helpers import replay

    message, book = Lobster(1, 2).run(40).save(tmp_path)
    keys = replay(message, "--verify", book) | replay(message, "--mode", "match")
    text = obctl("replay", "--help").stdout
    for name in [*keys, *keys["lobster"], *keys["runs"], *keys["verify"]]:
        assert re.search(rf"\b{name}\b", text), name


def test_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", {"obctl": "1.2.3"}.__getitem__)
    assert obctl("--version").stdout == "obctl 1.2.3\n"


def test_unknown_command() -> None:
    result = obctl("dance")
    assert result.exit_code == 2
    assert "No such command 'dance'" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    script = obctl("completion", shell).stdout
    assert "_OBCTL_COMPLETE" in script


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("obctl re", "replay"),
        ("obctl replay --se", "--seed-book"),
        ("obctl completion f", "fish"),
        ("obctl journal v", "verify"),
    ],
)
def test_completed_words(words: str, expected: str) -> None:
    environment = {"_OBCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner(env=environment).invoke(main, prog_name="obctl")
    assert f"plain,{expected}\n" in result.stdout


@pytest.mark.parametrize("words", ["obctl replay x", "obctl replay --verify x", "obctl replay --trades x"])
def test_names_of_files_are_completed_by_the_shell(words: str) -> None:
    environment = {"_OBCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner(env=environment).invoke(main, prog_name="obctl")
    assert result.stdout == "file,x\n"


def test_help_loads_neither_the_engine_nor_other_libraries() -> None:
    code = (
        "import sys; from obctl.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([m for m in ('orderbook', 'rich', 'numpy', 'obctl.replay') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_replay_without_outputs_loads_no_library_of_the_data_extra(tmp_path: Path) -> None:
    file = Flow(50).save(tmp_path / "flow.csv")
    code = (
        "import sys; from obctl.main import main\n"
        f"try: main(['replay', {str(file)!r}])\n"
        "except SystemExit: print([m for m in ('numpy', 'pyarrow', 'matplotlib', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "\x1b" not in done.stdout, "no colours without a terminal"
    assert done.stderr == "", "no progress bar without a terminal"


def test_colours_and_progress_on_a_terminal(tmp_path: Path) -> None:
    import pty

    file = Flow(50).save(tmp_path / "flow.csv")
    terminal, other_end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen([*OBCTL, "replay", str(file)], stdout=other_end, stderr=other_end, env=environment)
    os.close(other_end)
    shown = b""
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not got:
            break
        shown += got
    os.close(terminal)
    assert process.wait() == 0
    assert b"\x1b[1;36mreplayed" in shown
    assert b"50 rows, " in shown


def test_ctrl_c_ends_quietly_and_leaves_no_file(tmp_path: Path) -> None:
    trades, pipe = tmp_path / "trades.csv", tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with interruptible():
        process = subprocess.Popen(
            [*OBCTL, "replay", str(pipe), "--trades", str(trades)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    with pipe.open("wb", buffering=0) as feed:  # and keep it open: the replay waits for more
        feed.write(b"ts,action,order_id,side,price,quantity\n1,ADD,1,BUY,5,5\n")
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob(".trades.csv.*.partial")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == b""
    assert errors.strip() == b""
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    file = Flow(50).save(tmp_path / "flow.csv")
    process = subprocess.Popen([*OBCTL, "replay", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.parametrize("command", ["replay {file}", "replay {file} --json", "generate -", "--help"])
def test_standard_output_that_is_full_or_closed(tmp_path: Path, command: str) -> None:
    words = [*OBCTL, *command.format(file=Flow(50).save(tmp_path / "flow.csv")).split()]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "obctl: cannot write standard output: No space left on device\n"
    closed = subprocess.run(["sh", "-c", '"$@" >&- <&-', "sh", *words], stderr=subprocess.PIPE, text=True)
    assert (closed.returncode, closed.stderr) == (0, "")


def examples(name: str) -> list[str]:
    """Return the examples in a command's help."""
    _, _, behind = obctl(*name.split(), "--help").stdout.partition("Examples:\n")
    block = behind.partition("\n\n")[0]
    return [line.strip() for line in block.splitlines()]


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """Lay out a folder with the files that the examples speak of; return the environment to run them in."""
    import gzip

    from obctl.flow.generate import commands

    orders = write_csv(tmp_path / "orders.csv", Flow(200).lines)
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(orders.read_bytes()))
    (tmp_path / "flow.bin").write_bytes(commands("balanced", 50))
    message, book = Lobster(1, 10).run(100).save(tmp_path)
    message.rename(tmp_path / "AAPL_message_10.csv")
    book.rename(tmp_path / "AAPL_orderbook_10.csv")
    (tmp_path / ".config/fish/completions").mkdir(parents=True)
    (tmp_path / "exchange.toml").write_text('[[instrument]]\nsymbol = "BTC-USD"\n')
    (tmp_path / "simulation.toml").write_text(SIMULATION)
    (tmp_path / "tokens.toml").touch()
    told(tmp_path / "orderbook-data")
    shutil.copytree(tmp_path / "orderbook-data", tmp_path / "backup")
    certificate = trustme.CA().issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    program = tmp_path / "bin/obctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m obctl "$@"\n')
    program.chmod(0o755)
    root = Path(__file__).parents[2]
    paths = {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(root), "HOME": str(tmp_path)}
    return {**os.environ, **paths}


@pytest.mark.parametrize(
    "example",
    [
        example
        for name in [*(name for name in COMMANDS if name not in ELSEWHERE), *(f"journal {name}" for name in LOOKS)]
        for example in examples(name)
        if "watch" not in example  # tests/watch has a terminal for those
    ],
)
def test_every_example_runs(example: str, shop: dict[str, str]) -> None:
    if "obctl serve" in example and "--check" not in example:
        example += " --check"  # what it would do; that servers run is tests/cli/test_serve.py's to see
    if "obctl demo" in example:
        free = " ".join(f"--{listener} 127.0.0.1:0" for listener in ("tcp", "grpc", "metrics"))
        example = example.replace("obctl demo", f"obctl demo {free}") + " --seconds 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", example], cwd=shop["HOME"], env=shop, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for name in re.findall(r"(?:--trades|--plot|--events|--depth) (\S+)", example):
        assert (Path(shop["HOME"]) / name).stat().st_size > 0
