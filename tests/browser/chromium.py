"""Chromium, as the machine has it, driven by playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
PICTURES = Path(__file__).parents[2] / "build" / "browser"  # of tests that failed


def find_chromium() -> str | None:
    """Return the path of a browser: what CHROMIUM says, or what is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def what_is_missing() -> str | None:
    """Say what must be installed to run these tests, None where all is there."""
    if find_spec("playwright") is None:
        return "playwright is not installed: pip install --group browser"
    if find_chromium() is None:
        return "there is no Chromium: apt-get install chromium, or name one in CHROMIUM"
    return None


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Run a browser while the block lasts; skip the tests where there is none, but never in CI."""
    if missing := what_is_missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from playwright.sync_api import sync_playwright  # not where it is missing: this file is imported there too

    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        yield browser
        browser.close()


def picture_path(name: str) -> Path:
    """Return where the picture of a test that failed belongs."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES / f"{''.join(letter if letter.isalnum() else '-' for letter in name)}.png"
