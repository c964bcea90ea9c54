"""The layers hold, and the check that says so finds what it should."""

from pathlib import Path

import pytest

from .layers import imports_of, violations

ROOT = Path(__file__).parent.parent

PLANTED = {
    "orderbook/deep/sneaky.py": ("def later():\n    from obctl.main import main\n    return main\n", "obctl.main"),
    "orderbook/hot.pyx": ("cimport cython\nfrom orderbook_server.log cimport Log\n", "orderbook_server.log"),
    "orderbook/hot.pxd": ("cdef extern from *:\n    pass\ncimport agents.fast, cython\n", "agents.fast"),
    "orderbook/types.pyi": ("import os, orderbook_wire.v1 as wire\n", "orderbook_wire.v1"),
    "orderbook_wire/v1.py": ("import orderbook\n", "orderbook"),
    "agents/runner.py": ("import orderbook\nfrom orderbook_server import app\n", "orderbook_server"),
    "orderbook_server/app.py": ("from agents.maker import Maker\n", "agents.maker"),
}


def test_imports_point_down_only():
    assert violations(ROOT) == []


def test_the_check_reads_this_repository():
    """It finds the imports that are there: an empty answer is none because nothing was looked at."""
    assert "orderbook.book" in set(imports_of(ROOT / "orderbook" / "matching.pxd"))
    assert "orderbook.matching" in set(imports_of(ROOT / "orderbook" / "__init__.py"))


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found(tmp_path, name):
    text, imported = PLANTED[name]
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert violations(tmp_path) == [f"{name} imports {imported}"]


def test_what_is_allowed_is_not_found(tmp_path):
    for name, text in {
        "obctl/main.py": "import agents, orderbook_server.app\nfrom orderbook import OrderBook\n",
        "agents/maker.py": "from orderbook_wire import v1\nimport orderbook\nfrom . import runner\n",
        "orderbook/book.pyx": "from orderbook.levels cimport Level\ncimport cython\n# import obctl\n",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert violations(tmp_path) == []
