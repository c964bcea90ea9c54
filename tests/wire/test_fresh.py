"""The generated code is what proto/ gives, and the project asks for the libraries that it was generated for."""

import itertools
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GENERATED = ROOT / "orderbook_wire" / "v1"
NAMES = ("orderbook_pb2.py", "orderbook_pb2.pyi", "orderbook_pb2_grpc.py")
IN_CI = bool(os.environ.get("CI"))  # there it must not be skipped
without_generator = pytest.mark.skipif(
    not IN_CI and find_spec("grpc_tools") is None, reason="generating needs grpcio-tools: pip install --group proto"
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return a folder with newly generated code."""
    folder = tmp_path_factory.mktemp("proto")
    command = [sys.executable, ROOT / "tools" / "make_proto.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "orderbook_wire" / "v1"


@without_generator
@pytest.mark.parametrize("name", NAMES)
def test_generated_code_is_fresh(fresh, name):
    assert (GENERATED / name).read_text() == (fresh / name).read_text(), f"{name} is old: make proto"


@without_generator
def test_nothing_else_is_generated(fresh):
    assert sorted(path.name for path in fresh.iterdir()) == sorted(NAMES)
    assert {path.name for path in GENERATED.glob("*_pb2*")} == set(NAMES)


def floor_of(library):
    """Return the oldest version of a library that the extra `server` accepts, as the project says it."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (floor,) = (version for name, _, version in (line.partition(">=") for line in extras["server"]) if name == library)
    return floor


def test_the_floor_for_protobuf_is_that_of_the_generated_code():
    text = (GENERATED / "orderbook_pb2.py").read_text()
    version = re.search(r"ValidateProtobufRuntimeVersion\(\s*[\w.]+,\s*(\d+),\s*(\d+),\s*(\d+),", text)
    assert floor_of("protobuf") == ".".join(version.groups())


def test_the_floor_for_grpcio_is_that_of_the_generated_code():
    text = (GENERATED / "orderbook_pb2_grpc.py").read_text()
    assert floor_of("grpcio") == re.search(r"GRPC_GENERATED_VERSION = '([\d.]+)'", text)[1]


COMMENTED = re.compile(r"^\s*(?:rpc |message |enum |service |(?:optional |repeated )?\w+ \w+ = \d+;|[A-Z0-9_]+ = \d+;)")


def test_every_message_field_and_call_has_a_comment():
    """On the line before it; the service's is the head of the file."""
    lines = (ROOT / "proto" / "orderbook_wire" / "v1" / "orderbook.proto").read_text().splitlines()
    bare = [line for before, line in itertools.pairwise(lines) if COMMENTED.match(line) and "//" not in before]
    assert bare == ["service OrderBookService {"]
