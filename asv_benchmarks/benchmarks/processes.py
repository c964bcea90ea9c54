"""Python processes of their own, with the packages that this one has."""

import os
import subprocess
import sys
from pathlib import Path

import obctl


def run_python(*arguments: str) -> str:
    """Run Python and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(Path(obctl.__file__).parent.parent)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
