"""Tests of the page in a browser."""

import pytest

pytest.register_assert_rewrite("tests.browser.exchange", "tests.browser.watched")
