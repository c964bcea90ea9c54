"""What the page may not do: its policy, as it is served and as the browser keeps it."""

from contextlib import closing

import pytest

from .watched import RECORD

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
}


def test_the_headers_are_there(live, visit):
    watched = visit(live.origin)
    response = watched.page.goto(live.origin)
    headers = response.headers
    assert {part.strip() for part in headers["content-security-policy"].split(";")} >= POLICY
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert watched.context.cookies() == []


INJECT = {
    "a script in the page": "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
    " document.body.append(s); })()",
    "a handler in markup": "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')",
    "a style": "document.body.insertAdjacentHTML('beforeend', '<style>body { display: none }</style>')",
    "a script of elsewhere": "(() => { const s = document.createElement('script');"
    " s.src = 'http://127.0.0.1:9/x.js'; document.body.append(s); })()",
    "a call elsewhere": "fetch('http://127.0.0.1:9/').catch(() => {})",
    "a socket elsewhere": "(() => { try { new WebSocket('ws://127.0.0.1:9/'); } catch {} })()",
}


@pytest.mark.parametrize("script", INJECT.values(), ids=INJECT)
def test_what_is_injected_does_not_run(live, browser, script):
    """In a page that nobody guards: it does what no page of ours does."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.add_init_script(RECORD)
        page.goto(live.origin)
        page.evaluate(script)
        page.wait_for_timeout(50)
        assert page.evaluate("record.forbidden")
        assert page.evaluate("window.ran") is None
        assert page.evaluate("getComputedStyle(document.body).display") != "none"


def test_the_guard_of_these_tests_sees_it(live, visit):
    """What every other test relies on."""
    watched = visit(live.origin).go()
    for script in (*INJECT.values(), "console.error('oh')", "console.warn('oh')", "setTimeout(() => { throw 1 })"):
        watched.page.evaluate(script)
        watched.page.wait_for_timeout(50)
        with pytest.raises(AssertionError):
            watched.check()
        watched.forgive()
