"""`import orderbook` is quick and light: nothing beyond the standard library comes along."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST_MODULES = """
import json, sys
before = set(sys.modules)
import orderbook
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def roots_after(*, without_site_packages):
    """Return the top-level modules that importing orderbook adds in a fresh interpreter."""
    options = ["-S"] if without_site_packages else []
    command = [sys.executable, *options, "-c", LIST_MODULES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def test_only_the_standard_library_is_loaded():
    roots = roots_after(without_site_packages=False)
    assert "orderbook" in roots
    foreign = {root for root in roots - sys.stdlib_module_names if not root.startswith("_cython_")}
    assert foreign <= {"orderbook", "cython_runtime"}  # so none of numpy, click, rich …


def test_nothing_else_need_be_installed():
    """Without site-packages there is nothing but the standard library to be had."""
    assert "orderbook" in roots_after(without_site_packages=True)
