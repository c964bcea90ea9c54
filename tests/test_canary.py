"""The canary: an engine with a planted bug must not get past the suite, and one without must.

Each bug of orderbook/canary.pxd is built into a copy of the package, and a part of the suite runs on it. Only the
modules that the bug can reach are compiled; the others are taken along as they are.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import orderbook

from .layers import imports_of

pytestmark = [pytest.mark.canary, pytest.mark.timeout(900)]

ROOT = Path(__file__).parent.parent
PACKAGE = Path(orderbook.__file__).parent
BOOK_SUITE = ["engine/test_matching", "engine/test_scenarios", "engine/test_model"]
MONEY_SUITE = ["money/test_reservations", "money/test_scenarios", "money/test_money_model"]
SUITES = {"priority": BOOK_SUITE, "total": BOOK_SUITE, "settlement": MONEY_SUITE, "release": MONEY_SUITE}
CANARIES = re.findall(r"ORDERBOOK_CANARY=(\w+)", (PACKAGE / "canary.pxd").read_text())


def reached_by_the_canary(package):
    """Return the .pyx files that import canary.pxd, themselves or through other declarations."""
    sources = {path: set(imports_of(path)) for path in package.glob("*.p[yx]*") if path.suffix in (".pyx", ".pxd")}
    reached = {"orderbook.canary"}
    while True:
        more = {f"orderbook.{path.stem}" for path, imports in sources.items() if imports & reached} - reached
        if not more:
            break
        reached |= more
    return {path for path in sources if path.suffix == ".pyx" and f"orderbook.{path.stem}" in reached}


def copied(folder):
    """Copy package and tests to a folder, as they were built, and return the package's copy."""
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
    shutil.copytree(PACKAGE, folder / "orderbook", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder / "orderbook"


def build(folder, canary):
    """Compile, in the folder, what the planted bug reaches."""
    package = folder / "orderbook"
    reached = reached_by_the_canary(package)
    for path in package.glob("*.pyx"):
        if path in reached:
            for built in package.glob(f"{path.stem}.*.so"):
                built.unlink()
        else:
            path.unlink()  # setup.py builds what has a source
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    environment = os.environ | {"ORDERBOOK_CANARY": canary}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_suite(folder, suite):
    """Run a part of the suite on the copy in the folder; return the finished process."""
    files = [f"tests/{name}.py" for name in suite]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rf", *files]
    environment = os.environ | {"HYPOTHESIS_PROFILE": "canary"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def failed_files(output):
    """Return the names of the files that had failing tests."""
    return set(re.findall(r"^FAILED tests/(\w+/\w+)\.py", output, re.MULTILINE))


def test_without_a_bug_the_suite_passes(tmp_path):
    copied(tmp_path)
    done = run_suite(tmp_path, BOOK_SUITE + MONEY_SUITE)
    assert done.returncode == 0, done.stdout


def test_the_canaries_are_known():
    assert list(SUITES) == CANARIES


@pytest.mark.parametrize("canary", CANARIES)
def test_a_planted_bug_is_caught(tmp_path, canary):
    """By every one of the files: the examples, the tables and the machine that compares with the oracle."""
    copied(tmp_path)
    build(tmp_path, canary)
    done = run_suite(tmp_path, SUITES[canary])
    assert done.returncode == 1, done.stdout
    assert failed_files(done.stdout) == set(SUITES[canary])
    assert "[reference" not in done.stdout
