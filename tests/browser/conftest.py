"""One browser for these tests, a context for each page, and pictures of what went wrong."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ..server.conftest import quiet_logs
from .chromium import chromium, picture_path
from .exchange import LiveExchange, live_exchange
from .watched import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["quiet_logs"]

DESKTOP = {"width": 1440, "height": 900}
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note which tests have failed, for the pictures."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")  # no longer: while playwright runs in this thread, no other loop can
def browser() -> "Iterator[Browser]":
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: "Browser", request: pytest.FixtureRequest) -> Iterator[Callable[..., Watched]]:
    """Return a function that makes a page for a server's origin; options are those of playwright's contexts.

    In the end no page may have done what pages never must; of a test that failed there is a picture of each.
    """
    pages: list[Watched] = []

    def visit(origin: str, **options: Any) -> Watched:
        context = browser.new_context(**({"viewport": DESKTOP, "color_scheme": "dark"} | options))
        pages.append(Watched(context, origin))
        return pages[-1]

    yield visit
    try:
        if request.node.stash.get(FAILED, False):
            for number, watched in enumerate(pages):
                watched.page.screenshot(path=picture_path(f"{request.node.name}-{number}"))
        else:
            for watched in pages:
                watched.check()
    finally:
        for watched in pages:
            watched.context.close()


@pytest.fixture
def live() -> Iterator[LiveExchange]:
    """An exchange of the test's own, and its server."""
    with live_exchange() as exchange:
        yield exchange
