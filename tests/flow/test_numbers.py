"""Decimals with tick and lot sizes, and times: exact or refused."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .flow_files import read_text

FOLDER_STAYS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def price_of(folder, text, tick_size=None):
    """Return the price in ticks, or the reason why it was refused."""
    rows, messages = read_text(folder, f"side,price,quantity\nB,{text},1\n", tick_size=tick_size)
    return rows[0].price if rows else messages[0].partition("' ")[2]


@pytest.mark.parametrize(
    ("text", "tick_size", "ticks"),
    [
        ("100", None, 100),
        ("100.0", None, 100),
        ("100.00", None, 100),
        ("0", "0.01", 0),
        ("0.00", "0.01", 0),
        ("100.05", "0.01", 10005),
        ("100.05", "0.05", 2001),
        ("100.050000000000000000000", "0.05", 2001),
        ("000000000000000000000000100.05", "0.05", 2001),
        (".5", "0.25", 2),
        ("5.", "0.25", 20),
        ("30", "2.5", 12),
        ("1e-8", "0.00000001", 1),
        ("1.5E+3", "0.5", 3000),
        ("100e-2", None, 1),
        ("0e9", None, 0),
        ("184467440737095516.15", "0.01", 2**64 - 1),
        ("18446744073709551615", None, 2**64 - 1),
        ("18.446744073709551615", "0.000000000000000001", 2**64 - 1),
        ("46116860184273879.0375", "0.0025", 2**64 - 1),
        (str((2**64 - 1) * 10**9), 10**9, 2**64 - 1),
        ("0.3", Decimal("0.1"), 3),
    ],
)
def test_prices_are_exact_ticks(tmp_path, text, tick_size, ticks):
    assert price_of(tmp_path, text, tick_size) == ticks


@pytest.mark.parametrize(
    ("text", "tick_size", "reason"),
    [
        ("100.005", "0.01", "is not a multiple of the tick size 0.01"),
        ("100.03", "0.05", "is not a multiple of the tick size 0.05"),
        ("0.000000000000000000000001", "0.01", "is not a multiple of the tick size 0.01"),
        ("1e-300", "0.01", "is not a multiple of the tick size 0.01"),
        ("184467440737095516.16", "0.01", "does not fit 64 bits"),
        ("1e30", None, "does not fit 64 bits"),
        ("1e300", None, "does not fit 64 bits"),
        ("9" * 60, "0.01", "does not fit 64 bits"),
        ("-0.01", "0.01", "is negative"),
        ("+1", None, "is not a decimal number"),
        ("1.2.3", "0.01", "is not a decimal number"),
        (".", "0.01", "is not a decimal number"),
        ("1,5", None, None),
        ("0x10", None, "is not a decimal number"),
        ("1e99999", None, "is not a decimal number"),
    ],
)
def test_what_is_no_exact_number_of_ticks_is_refused(tmp_path, text, tick_size, reason):
    found = price_of(tmp_path, f"{text}", tick_size)
    assert found == reason if reason else isinstance(found, str)


@FOLDER_STAYS
@given(
    ticks=st.integers(0, 2**64 - 1),
    numerator=st.integers(1, 10**6),
    scale=st.integers(0, 12),
    off=st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1, 10**15)]),
)
def test_multiples_of_any_tick_size_are_exact_and_others_are_refused(tmp_path, ticks, numerator, scale, off):
    size = Fraction(numerator, 10**scale)
    exact = (ticks + off) * size
    whole, rest = divmod(exact * 10**40, 1)
    assert rest == 0
    text = f"{whole:041d}"
    found = price_of(tmp_path, f"{text[:-40]}.{text[-40:]}", str(Decimal(numerator).scaleb(-scale)))
    if off == 0:
        assert found == ticks
    else:
        assert isinstance(found, str)


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0.01, TypeError),
        (True, TypeError),
        ("0", ValueError),
        ("-1", ValueError),
        ("tick", ValueError),
        ("NaN", ValueError),
        ("inf", ValueError),
        ("1e-19", ValueError),
        (2**60, ValueError),
    ],
)
@pytest.mark.parametrize("name", ["tick_size", "lot_size"])
def test_sizes_that_are_refused(tmp_path, size, error, name):
    with pytest.raises(error, match=name.replace("_", "-")):
        read_text(tmp_path, "side,price,quantity\n", **{name: size})


def test_lots(tmp_path):
    rows, messages = read_text(tmp_path, "side,price,quantity\nB,1,0.05\nB,1,0.055\n", lot_size="0.01")
    assert [row.quantity for row in rows] == [5]
    assert messages == ["flow.csv:3: quantity: '0.055' is not a multiple of the lot size 0.01"]


def time_of(folder, text, time_unit="auto"):
    """Return the time in nanoseconds, or the reason why it was refused."""
    rows, messages = read_text(folder, f"ts,side,price,quantity\n{text},B,1,1\n", time_unit=time_unit)
    return rows[0].timestamp if rows else messages[0].partition("' ")[2]


@pytest.mark.parametrize(
    ("text", "unit", "nanoseconds"),
    [
        ("", "auto", 0),
        ("1700000000123456789", "auto", 1700000000123456789),
        ("34200.5", "auto", 34200_500000000),
        ("1700000000.123456789", "auto", 1700000000123456789),
        ("1.7e9", "auto", 1700000000 * 10**9),
        ("5", "ns", 5),
        ("5", "us", 5000),
        ("5.001", "us", 5001),
        ("5", "ms", 5 * 10**6),
        ("5.000001", "ms", 5000001),
        ("5", "s", 5 * 10**9),
        ("0.123456789000", "s", 123456789),
        ("1970-01-01T00:00:00Z", "auto", 0),
        ("1970-01-01 00:00", "auto", 0),
        ("1970-01-01T02:00:00.000000001+02:00", "auto", 1),
        ("1969-12-31T19:30:00-04:30", "auto", 0),
        ("2024-02-29T12:34:56.123456789Z", "auto", 1709210096123456789),
        ("2024-02-29 12:34:56,5", None, 1709210096500000000),
        ("2024-03-01T00:00:00.100000000000+0000", "s", 1709251200100000000),
        ("2554-07-21T23:34:32.999999999Z", "auto", 18446744072999999999),
    ],
)
def test_times(tmp_path, text, unit, nanoseconds):
    quoted = f'"{text}"' if "," in text else text
    assert time_of(tmp_path, quoted, unit or "auto") == nanoseconds


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("0.0000000001", "auto", "is finer than a nanosecond"),
        ("1.5", "ns", "is finer than a nanosecond"),
        ("2024-01-01T00:00:00.0000000001Z", "auto", "is finer than a nanosecond"),
        ("1969-12-31T23:59:59Z", "auto", "is before 1970"),
        ("-5", "auto", "is negative"),
        ("-5.5", "auto", "is negative"),
        ("18446744073709551616", "auto", "does not fit 64 bits"),
        ("18446744074", "s", "does not fit 64 bits"),
        ("2554-07-22T00:00:00Z", "auto", "does not fit 64 bits"),
        *(
            (text, "auto", "is neither a number nor an ISO 8601 time")
            for text in (
                "2023-02-29T00:00:00Z",
                "2024-13-01T00:00:00Z",
                "2024-00-01T00:00:00Z",
                "2024-01-32T00:00:00Z",
                "2024-01-01",
                "2024-01-01T24:00:00",
                "2024-01-01T00:60:00",
                "2024-01-01T00:00:60",
                "2024-01-01T00:00:00.",
                "2024-01-01T00:00:00+1",
                "2024-01-01T00:00:00+01:",
                "2024-01-01T00:00:00+25:00",
                "2024-01-01T00:00:00Zz",
                "2024/01/01 00:00:00",
                "2024-01-01T0a:00:00",
                "09:30:00",
                "soon",
            )
        ),
    ],
)
def test_times_that_are_refused(tmp_path, text, unit, reason):
    assert time_of(tmp_path, text, unit) == reason


@FOLDER_STAYS
@given(
    when=st.datetimes(datetime(1971, 1, 1), datetime(2553, 1, 1)),
    zone=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_iso_times_are_what_datetime_says(tmp_path, when, zone):
    aware = when.replace(tzinfo=zone)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (since // timedelta(microseconds=1)) * 1000
    assert time_of(tmp_path, aware.isoformat()) == expected


def test_an_unknown_time_unit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'hours' is none of auto, ns, us, ms, s"):
        time_of(tmp_path, "1", "hours")
