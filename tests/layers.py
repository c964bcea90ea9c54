"""The layer rule: imports point down only.

obctl may import agents and orderbook_server; those may import orderbook_wire and orderbook; the wire and the engine
import none of the others. Python files are parsed; of Cython files, import and cimport lines are read.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MAY_IMPORT = {
    "orderbook": set(),
    "orderbook_wire": set(),
    "orderbook_server": {"orderbook_wire", "orderbook"},
    "agents": {"orderbook_wire", "orderbook"},
    "obctl": {"agents", "orderbook_server", "orderbook_wire", "orderbook"},
}
CYTHON_IMPORT = re.compile(
    r"^\s*(?:from\s+(?P<origin>[\w.]+)\s+c?import\b|c?import\s+(?P<names>[\w., \t]+))",
    re.MULTILINE,
)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports; relative ones stay within their package and are left out."""
    text = path.read_text()
    if path.suffix in (".py", ".pyi"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module
        return
    for match in CYTHON_IMPORT.finditer(text):
        if match["names"]:
            yield from (name.split(" as ")[0].strip() for name in match["names"].split(","))
        else:
            yield match["origin"]


def violations(root: Path) -> list[str]:
    """Return "file imports module" for every import below `root` that points up or sideways."""
    found = []
    for package, allowed in MAY_IMPORT.items():
        for path in sorted((root / package).rglob("*")):
            if path.suffix not in (".py", ".pyi", ".pyx", ".pxd", ".pxi"):
                continue
            forbidden = MAY_IMPORT.keys() - allowed - {package}
            found += [
                f"{path.relative_to(root)} imports {name}"
                for name in imports_of(path)
                if name.partition(".")[0] in forbidden
            ]
    return found
