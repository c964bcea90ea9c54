"""Say what this machine lacks to build the project, in one message; silent and successful when it lacks nothing.

It runs before there is a virtual environment, so it needs nothing but Python.
"""

import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HOW_TO_INSTALL = {
    "venv": "apt install python3-venv (Debian, Ubuntu)",
    "compiler": "apt install gcc (Debian, Ubuntu), dnf install gcc (Fedora), xcode-select --install (macOS)",
    "headers": "apt install python3-dev (Debian, Ubuntu), dnf install python3-devel (Fedora)",
}


def compiler() -> list[str]:
    """Return the C compiler that setuptools will use, with its options."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


def compiles(source: str) -> bool:
    """Tell whether the compiler takes a source text; FileNotFoundError when there is no compiler."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.c")
        path.write_text(source)
        options = ["-I", sysconfig.get_path("include"), "-c", str(path), "-o", str(path.with_suffix(".o"))]
        return subprocess.run([*compiler(), *options], capture_output=True, check=False).returncode == 0


def missing() -> str | None:
    """Return what is missing and how to install it, or None."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        return f"Python's venv module is missing. Install it: {HOW_TO_INSTALL['venv']}"
    name = compiler()[0]
    try:
        if not compiles("int main(void) { return 0; }"):
            return f"The C compiler {name} does not work. Install one: {HOW_TO_INSTALL['compiler']}"
        if not compiles("#include <Python.h>\n"):
            return f"Python's C headers are missing. Install them: {HOW_TO_INSTALL['headers']}"
    except OSError:
        return f"There is no C compiler ({name}). Install one: {HOW_TO_INSTALL['compiler']}"
    return None


if __name__ == "__main__":
    problem = missing()
    sys.exit(problem and f"\n{problem}\n")
