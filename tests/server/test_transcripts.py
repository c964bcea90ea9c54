"""The golden transcripts, however the bytes come: line by line, byte by byte, cut anywhere, in one packet."""

import re
from pathlib import Path

import pytest

from orderbook.errors import BY_NUMBER

from .line_grammar import MODES, NAMES, ORDER_TYPES
from .line_implementations import IMPLEMENTATIONS
from .line_transcript import Delivery, Script, Stage, Step, byte_by_byte, cut_at, glued, in_one, lengths, parse

ROOT = Path(__file__).parent.parent.parent
PATHS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
SCRIPTS = {path.stem: parse(path.read_text()) for path in PATHS}


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request):
    """Return what a stage is made of."""
    return IMPLEMENTATIONS[request.param]


@pytest.fixture(params=SCRIPTS)
def script(request) -> Script:
    """Return a transcript."""
    return SCRIPTS[request.param]


def play(script: Script, steps: list[Step], implementation, deliver: Delivery, **settings: int) -> None:
    """Play a script and assert, step by step, that everybody reads what it says and nothing else."""
    stage = Stage(script, implementation, **settings)
    for step in steps:
        assert (step.argument, stage.do(step, deliver)) == (step.argument, step.read)
    stage.exchange.check()


def test_a_packet_for_every_line(script, implementation):
    play(script, script.steps, implementation, in_one)


def test_byte_by_byte(script, implementation):
    play(script, script.steps, implementation, byte_by_byte)


def test_all_that_a_connection_sends_in_one_packet(script, implementation):
    play(script, glued(script.steps), implementation, in_one)


def positions(implementation, steps: list[Step]) -> range:
    """Return where to cut: anywhere. The reference is slow, and simple, and is cut here and there."""
    return range(1, max(lengths(steps)), 7 if implementation is IMPLEMENTATIONS["reference"] else 1)


def test_every_line_cut_anywhere(script, implementation):
    for position in positions(implementation, script.steps):
        play(script, script.steps, implementation, cut_at(position))


def test_one_packet_cut_anywhere(script, implementation):
    steps = glued(script.steps)
    for position in positions(implementation, steps):
        play(script, steps, implementation, cut_at(position))


@pytest.mark.parametrize("output_bytes_max", [0, 1, 40])
def test_output_that_is_held_back_comes_out_the_same(script, implementation, output_bytes_max):
    play(script, glued(script.steps), implementation, in_one, output_bytes_max=output_bytes_max)


def sent_words() -> list[list[str]]:
    """Return the words of all lines that transcripts send."""
    return [step.data.decode("latin-1").split() for script in SCRIPTS.values() for step in script.steps]


def read_lines() -> set[str]:
    """Return all lines that transcripts read."""
    texts = [text.decode() for script in SCRIPTS.values() for step in script.steps for text in step.read.values()]
    return {line for text in texts for line in text.splitlines()}


def test_each_says_what_it_is_about():
    assert len(SCRIPTS) > 30
    assert all(script.about.startswith("# ") for script in SCRIPTS.values())


def test_every_command_is_sent_in_either_case():
    commands = {words[0] for words in sent_words() if words}
    for name in NAMES:
        assert {name.decode(), name.decode().lower()} <= commands


def test_every_order_type_and_mode_is_sent_in_either_case():
    types = {words[6] for words in sent_words() if len(words) == 7 and words[0] in "Nn"}
    for word in ORDER_TYPES:
        assert {word.decode(), word.decode().lower()} <= types
    for letter in "FD":
        modes = {words[1] for words in sent_words() if len(words) == 2 and words[0] == letter}
        assert {word.decode().lower() for word in MODES} <= {mode.lower() for mode in modes}


def test_every_refusal_is_read():
    """Those of the manual and of the engine, but for what is tested elsewhere and what a line cannot cause."""
    manual = (ROOT / "docs" / "tcp.md").read_text()
    codes = set(re.findall(r"`ERR (\w+)", manual)) | {error.code for error in BY_NUMBER.values()}
    elsewhere = {"rate_limited", "slow_consumer"}  # test_line_limits.py
    elsewhere |= {"idle_timeout", "too_many_connections"}  # the gateway's
    elsewhere |= {"journal_full"}  # of a server with a disk
    impossible = {"missing_price", "invalid_command", "capacity_exceeded"}
    assert {line.split()[1] for line in read_lines() if line.startswith("ERR ")} == codes - elsewhere - impossible


def test_every_field_is_missed_once():
    names = {line.split()[2] for line in read_lines() if line.startswith("ERR missing_field")}
    fields = "account_id order_id side price quantity base quote sequence symbol token command"
    assert names == set(fields.split())


def test_a_wrong_transcript_is_noticed(implementation):
    """The player compares what is read, and by whom."""
    for wrong in ("> P\n< PONG 1", "> P", "> P\n< PONG 0\n< PONG 0", "> P\n@b < PONG 0", "> P…\n< PONG 0"):
        script = parse(f"# wrong\n{wrong}")
        with pytest.raises(AssertionError):
            play(script, script.steps, implementation, in_one)
