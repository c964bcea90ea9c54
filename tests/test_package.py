"""The package as a distribution: its version, and that every public name is documented and typed."""

import ast
import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import orderbook

ROOT = Path(__file__).parent.parent
PACKAGE = Path(orderbook.__file__).parent
CONSTANTS = {"COMMAND_DTYPE", "FILL_DTYPE"}
CALLABLES = sorted(set(orderbook.__all__) - CONSTANTS)


def typed_names(path):
    """Return the names that a stub or module defines at its top level."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
    return names


def origins():
    """Return {public name: module that it is imported from} as orderbook/__init__.py says it."""
    body = ast.parse((PACKAGE / "__init__.py").read_text()).body
    return {alias.name: node.module for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}


def prose(thing):
    """Return a docstring without the signatures that Cython puts in front of it, or stands in for it with."""
    text = inspect.getdoc(thing) or ""
    return re.sub(r"\A[\w.]+\(.*?\)( -> .*)?(\n|\Z)", "", text).strip()


def members(cls):
    """Yield what a class defines for its callers: its public functions and properties."""
    for name, member in vars(cls).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            yield name, member


def test_the_version_is_that_of_the_project():
    """The installed distribution is this source tree's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version("obctl") == project["version"]


def test_public_names_are_sorted_and_there():
    assert len(set(orderbook.__all__)) == len(orderbook.__all__)
    assert set(orderbook.__all__) == origins().keys()
    for name in orderbook.__all__:
        assert hasattr(orderbook, name)


@pytest.mark.parametrize("name", orderbook.__all__)
def test_a_public_name_is_typed(name):
    """In the stub of a compiled module, in the module itself otherwise."""
    module = PACKAGE / origins()[name].partition(".")[2]
    stub = module.with_suffix(".pyi")
    assert name in typed_names(stub if stub.exists() else module.with_suffix(".py"))


@pytest.mark.parametrize("name", CALLABLES)
def test_a_public_name_is_documented(name):
    assert re.match(r"[A-Z`][^\n]*", prose(getattr(orderbook, name)))


@pytest.mark.parametrize("name", [name for name in CALLABLES if inspect.isclass(getattr(orderbook, name))])
def test_what_a_public_class_offers_is_documented(name):
    assert [member for member, thing in members(getattr(orderbook, name)) if not prose(thing)] == []


def test_a_signature_is_no_documentation():
    """Cython gives a function without a docstring its signature for one."""

    def bare():
        pass

    bare.__doc__ = "MatchingEngine.bare(self, quantity=None) -> int"
    assert prose(bare) == ""
    bare.__doc__ += "\nDo it."
    assert prose(bare) == "Do it."
