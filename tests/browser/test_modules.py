"""The page's own arithmetic and books against Python's exact integers, over many random cases."""

import json
from decimal import Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest

U64_MAX = 2**64 - 1
SIZES = ("1", "0.05", "0.001", "0.25", "2.5", "100", "0.00000001", "1e-8", "0.3", "12.5", "1E3")


@pytest.fixture
def run(live, visit):
    """Return a function that runs a function of JavaScript in the page: it takes the modules and cases of JSON."""
    page = visit(live.origin).go().page
    names = ("book", "units", "rates", "trades")
    modules = ", ".join(f"{name}: await import('/js/{name}.js')" for name in names)

    def run(function, cases):
        return page.evaluate(f"async (cases) => ({function})({{ {modules} }}, cases)", cases)

    return run


def counts(random, number):
    """Return whole numbers of up to 64 bits, small and large ones alike often."""
    return [random.getrandbits(random.randint(0, 64)) for _ in range(number)] + [0, 1, U64_MAX, 2**53, 2**53 + 1]


def plain(size, count):
    """Return a count of ticks as the page writes it: exactly, with as many decimals as the size has."""
    with localcontext(prec=60):
        size = Decimal(size)
        decimals = max(0, -int(size.normalize().as_tuple().exponent))
        return f"{size * count:.{decimals}f}"


def grouped(text):
    whole, point, fraction = text.partition(".")
    return f"{int(whole):,}{point}{fraction}"


def test_units_are_exact(run):
    random = Random(1)
    cases = [[size, str(count)] for size in SIZES for count in counts(random, 60)]
    found = run(
        """({ units: { Unit } }, cases) => cases.map(([size, text]) => {
          const [unit, count] = [new Unit(size), BigInt(text)];
          return [unit.plain(count), unit.format(count), String(unit.parse(unit.plain(count)))];
        })""",
        cases,
    )
    for (size, count), (shown, apart, back) in zip(cases, found, strict=True):
        assert shown == plain(size, int(count))
        assert apart == grouped(shown)
        assert back == count


def test_what_people_type_is_read_exactly_or_refused(run):
    random = Random(2)
    typed = [f"{random.randint(0, 10**9)}.{random.randint(0, 10**6):06}" for _ in range(150)]
    typed += [f"{random.randint(0, 99)}e{random.randint(-9, 12)}" for _ in range(60)]
    typed += ["0", "1.", ".5", "00012.50", " 7 ", "18446744073709551615", "18446744073709551616"]
    wrong = ["", " ", ".", "1,5", "-1", "+1", "0x10", "1e", "e5", "1.2.3", "١", "NaN", "Infinity", "1_000", "1e9999"]
    cases = [[size, text] for size in SIZES for text in typed + wrong]
    found = run(
        """({ units: { Unit } }, cases) => cases.map(([size, text]) => {
          try {
            return String(new Unit(size).parse(text));
          } catch (error) {
            return error instanceof RangeError && error.message.length > 10 ? null : `not refused well: ${error}`;
          }
        })""",
        cases,
    )
    for (size, text), read in zip(cases, found, strict=True):
        expected = None
        if text not in wrong:
            ticks = Fraction(text.strip()) / Fraction(size)
            expected = str(ticks) if ticks.denominator == 1 and ticks <= U64_MAX else None
        assert read == expected, (size, text)


def test_short_numbers_fit_and_are_near(run):
    random = Random(3)
    cases = [[size, str(count), width] for size in SIZES for count in counts(random, 40) for width in (6, 9, 14)]
    found = run(
        """({ units: { Unit } }, cases) => cases.map(([size, count, width]) =>
          new Unit(size).short(BigInt(count), width))""",
        cases,
    )
    powers = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
    for (size, count, width), text in zip(cases, found, strict=True):
        exact = plain(size, int(count))
        assert len(text) <= max(width, 8), (size, count, text)
        if len(grouped(exact)) <= width:
            assert text == grouped(exact)
        else:
            power = powers.get(text[-1], 0)
            value = Fraction(text.removesuffix(text[-1]) if power else text) * 10**power
            figures = 10 if "e-" in text else 90
            assert 0 <= Fraction(exact) - value <= Fraction(exact) / figures, (exact, text)


def test_the_value_of_ticks_and_lots(run):
    cases = [[tick, lot, str(count)] for tick in SIZES for lot in SIZES for count in (0, 1, 12_345, U64_MAX)]
    found = run(
        """({ units: { Unit } }, cases) => cases.map(([tick, lot, count]) =>
          new Unit(tick).times(new Unit(lot)).plain(BigInt(count)))""",
        cases,
    )
    with localcontext(prec=60):
        for (tick, lot, count), text in zip(cases, found, strict=True):
            assert text == plain(Decimal(tick) * Decimal(lot), int(count))


def random_messages(random, rounds):
    """Return a snapshot and updates, and both sides as dicts of Python after each: {price: (quantity, orders)}."""
    sides = ({}, {})
    prices = [U64_MAX - random.randrange(40) for _ in range(20)] + [random.getrandbits(64) for _ in range(20)]
    messages, books = [], []
    for number in range(rounds):
        message = {"bids": [], "asks": []}
        for book, changes in zip(sides, message.values(), strict=True):
            for price in random.sample(prices, random.randint(0, 12)):
                quantity = 0 if number and random.random() < 0.4 else random.getrandbits(64) or 1
                if quantity:
                    book[price] = (quantity, random.randint(1, 9))
                    changes.append([str(price), str(quantity), book[price][1]])
                else:
                    book.pop(price, None)
                    changes.append([str(price), "0", 0])
        if not number:
            message["bids"].sort(key=lambda level: -int(level[0]))
            message["asks"].sort(key=lambda level: int(level[0]))
        messages.append(message)
        books.append(tuple(dict(book) for book in sides))
    return messages, books


@pytest.mark.parametrize("seed", range(3))
def test_books(run, seed):
    messages, books = random_messages(Random(seed), 200)
    found = run(
        """({ book: { Book } }, messages) => {
          const book = new Book();
          const write = ({ levels }) => levels.map((level) => [`${level.price}`, `${level.quantity}`, level.orders]);
          return messages.map((message, number) => {
            if (number) book.apply(message);
            else book.reset(message);
            return [write(book.bids), write(book.asks), String(book.doubleMid)];
          });
        }""",
        messages,
    )
    for (bids, asks), (shown_bids, shown_asks, middle) in zip(books, found, strict=True):
        assert shown_bids == [[str(p), str(bids[p][0]), bids[p][1]] for p in sorted(bids, reverse=True)]
        assert shown_asks == [[str(p), str(asks[p][0]), asks[p][1]] for p in sorted(asks)]
        if bids and asks:
            assert middle == str(max(bids) + min(asks))


def test_a_broken_message_changes_no_book(run):
    found = run(
        """({ book: { Book } }, broken) => broken.map((message) => {
          const book = new Book();
          book.reset({ bids: [["5", "6", 1]], asks: [] });
          try {
            book.apply(message);
            return "taken";
          } catch {
            return [book.bids.levels.length, String(book.bids.best.quantity), book.asks.levels.length];
          }
        })""",
        [{"bids": [["5", "7", 1]], "asks": [["9", "x", 1]]}, {"bids": [["5", "0", 0], []], "asks": []}, {"bids": []}],
    )
    assert found == [[1, "6", 0]] * 3


def test_rates(run):
    random = Random(4)
    times, counters, time, counter = [], [], 0.0, 2**60
    for _ in range(300):
        time += random.choice((1, 33, 33, 33, 400))
        counter += random.randrange(1000)
        times.append(time)
        counters.append(counter)
    found = run(
        """({ rates: { Rate } }, [times, counters]) => {
          const rate = new Rate(3000);
          return times.map((time, at) => {
            rate.add(time, BigInt(counters[at]));
            return rate.perSecond(time) ?? null;
          });
        }""",
        [times, [str(counter) for counter in counters]],
    )
    for at, rate in enumerate(found):
        first = max((i for i in range(at + 1) if times[i] <= times[at] - 3000), default=0)
        seconds = (times[at] - times[first]) / 1000
        expected = None if seconds < 0.5 else (counters[at] - counters[first]) / seconds
        assert rate == pytest.approx(expected), at


def test_bars_and_the_tape(run):
    random = Random(5)
    time_ns, told, trades = 1_700_000_000 * 10**9, 0, []
    for sequence in range(700):
        time_ns += random.randrange(2 * 10**9)
        price, quantity = U64_MAX - random.randrange(50), random.getrandbits(40) + 1
        trades.append([str(sequence), str(time_ns), str(price), str(quantity), random.choice(("bid", "ask"))])
    rows, updates = [], []  # bars as the feed has them, each told when it is begun and when it has changed
    for sequence, time, price, quantity, _ in trades:
        second, price, quantity = int(time) // 10**9, int(price), int(quantity)
        if not rows or rows[-1][0] != second:
            rows.append([second, price, price, price, price, 0, 0])
        _, first, high, low, _, volume, count = rows[-1]
        rows[-1] = [second, first, max(high, price), min(low, price), price, volume + quantity, count + 1]
        if int(sequence) % 3 == 2 or sequence == trades[-1][0]:
            updates.append([[bar[0], *map(str, bar[1:6]), bar[6]] for bar in rows if bar[0] >= told])
            told = second
    found = run(
        """({ trades: { Tape, Bars, readBar, readTrade } }, { trades, updates }) => {
          const [tape, bars] = [new Tape(), new Bars()];
          tape.add(trades.map(readTrade), 0);
          for (const update of updates) bars.set(update.map(readBar));
          const text = (key, value) => typeof value === "bigint" ? String(value) : value;
          const joined = [1, 5, 60].map((seconds) => bars.joined(seconds, 50));
          return JSON.stringify({ none: tape.newest(0), ten: tape.newest(10), bars: joined }, text);
        }""",
        {"trades": trades, "updates": updates},
    )
    found = json.loads(found)
    assert found["none"] == []
    assert [entry["sequence"] for entry in found["ten"]] == [trade[0] for trade in trades[-10:]]
    for seconds, bars in zip((1, 5, 60), found["bars"], strict=True):
        buckets = {}
        for _, time, price, quantity, _ in trades:
            second = int(time) // 10**9 // seconds * seconds
            buckets.setdefault(second, []).append((int(price), int(quantity)))
        expected = [
            {
                "second": second,
                "open": str(bucket[0][0]),
                "high": str(max(bucket)[0]),
                "low": str(min(bucket)[0]),
                "close": str(bucket[-1][0]),
                "volume": str(sum(quantity for _, quantity in bucket)),
            }
            for second, bucket in sorted(buckets.items())[-50:]
        ]
        assert bars == expected
