"""Bytes in any form: cut anywhere, compressed, damaged, on standard input, endless; and what format they are in."""

import gzip
import io
import lzma
import os
import random
import sys
import threading
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obctl.flow import FlowError, RowError, open_rows
from obctl.flow.compression import zstd
from obctl.flow.csv_reader import CsvReader
from obctl.flow.csv_writer import HEADER, to_csv
from obctl.flow.generate import commands
from obctl.flow.lobster_reader import LobsterReader

from .flow_files import BLOCK_SIZES, ORDER_ID, PRICE, QUANTITY, SIDE, read_all, rest_of

LINE_MAX = 1 << 16
CSV = 'ts,action,id,side,price,qty,user\n1,ADD,7,B,100,3,bob\n\n2,X,7,,,,\n3,cancel,"7",,,,\n4,NEW,8,S,5,6,"a ""b"""\n'
LOBSTER = "34200.1,1,7,10,100,1\n34200.2,9,7,10,100,1\n\n34200.3,3,7,10,100,1\n"
BOM = "\ufeff"


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
@pytest.mark.parametrize("max_rows", [1, 2, 1000])
@pytest.mark.parametrize("text", [CSV, LOBSTER], ids=["csv", "lobster"])
@pytest.mark.parametrize("form", ["plain", "crlf", "bom", "bom and crlf", "no last newline"])
def test_rows_are_the_same_however_the_text_is_cut(tmp_path, text, form, block_size, max_rows):
    path = tmp_path / "flow.csv"
    path.write_text(text)
    expected = read_all(path)
    assert len(expected[0]) >= 2
    assert len(expected[1]) == 1
    if "crlf" in form:
        text = text.replace("\n", "\r\n")
    if form == "no last newline":
        text = text.removesuffix("\n")
    path.write_bytes(((BOM if "bom" in form else "") + text).encode())
    assert read_all(path, block_size=block_size, max_rows=max_rows) == expected


class Pieces:
    """A source that delivers its bytes in the pieces it was made of."""

    name = "pieces"

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def readinto(self, view: memoryview) -> int:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        got = min(len(piece), len(view))
        view[:got] = piece[:got]
        if got < len(piece):
            self.pieces.insert(0, piece[got:])
        return got


@pytest.mark.parametrize(("reader", "text"), [(CsvReader, CSV), (LobsterReader, LOBSTER)], ids=["csv", "lobster"])
def test_rows_are_the_same_cut_at_every_byte(reader, text):
    data = (BOM + text.replace("\n", "\r\n")).encode()
    expected = rest_of(reader(Pieces(data)))
    for cut in range(1, len(data)):
        assert rest_of(reader(Pieces(data[:cut], data[cut:]))) == expected


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstd.compress], ids=["gz", "xz", "zst"])
def test_compressed_files(tmp_path, compress):
    plain = tmp_path / "flow.csv"
    plain.write_text(CSV)
    packed = tmp_path / "packed.csv"  # the content tells, not the name
    packed.write_bytes(compress(CSV.encode()))
    rows, messages = read_all(packed)
    assert (rows, len(messages)) == (read_all(plain)[0], 1)
    with open_rows(packed) as reader:
        rest_of(reader)
        assert reader.bytes_read == reader.bytes_total == packed.stat().st_size


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstd.compress], ids=["gz", "xz", "zst"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_compressed_files(tmp_path, compress, damage):
    numbers = random.Random(5)
    text = "side,price,quantity\n" + "".join(f"B,{numbers.getrandbits(60)},1\n" for _ in range(20_000))
    data = bytearray(compress(text.encode()))
    if damage == "cut":
        del data[len(data) * 2 // 3 :]
    else:
        data[len(data) * 2 // 3] ^= 0xFF
    path = tmp_path / "flow.csv.gz"
    path.write_bytes(data)
    with pytest.raises(FlowError, match=r"flow\.csv\.gz: .*damaged"):
        read_all(path)


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(CSV.encode()))))
    rows, messages = read_all("-")
    assert [row.line for row in rows] == [2, 5, 6]
    assert messages[0].startswith("<stdin>:4: action: 'X'")


RECORDS = bytes(commands("balanced", 7))


@pytest.mark.parametrize(
    ("pieces", "rows"),
    [
        ((b"side,price,quantity\n", b"B,1,1\n"), 1),
        ((b"side,price,quantity\nB,1,1\nB,1", b"2,1\nB,13,1\nB,1"), 3),
        ((b"side,price,quantity\n" + 20_000 * b"B,1,1\n",), 20_000),
        ((RECORDS[:100], RECORDS[100:336]), 7),
    ],
    ids=["line by line", "cut in a row", "more than any buffer", "records"],
)
def test_a_pipe_is_read_as_it_arrives(monkeypatch, pieces, rows):
    """A writer that keeps the pipe open is not waited for as long as there is something to read."""
    reading_end, writing_end = os.pipe()
    with os.fdopen(reading_end) as stdin, os.fdopen(writing_end, "wb", buffering=0) as feed:
        monkeypatch.setattr(sys, "stdin", stdin)
        writer = threading.Thread(target=lambda: [feed.write(piece) for piece in pieces])
        writer.start()
        reader = open_rows("-")
        while rows > 0:
            rows -= reader.read(1 << 16)
        writer.join()
    assert rows == 0
    assert reader.bytes_total is None


@pytest.mark.parametrize("block_size", [1000, 1 << 20])
@pytest.mark.parametrize("size", [LINE_MAX - 1, LINE_MAX, LINE_MAX + 1, 5 * LINE_MAX])
def test_the_longest_line(tmp_path, block_size, size):
    path = tmp_path / "flow.csv"
    row = "B,1,1,"
    path.write_text(f"side,price,quantity,note\n{row}{'x' * (size - len(row))}\n{row}\n{row}{'x' * size}")
    rows, messages = read_all(path, block_size=block_size)
    too_long = [f"{path}:{line}: the line has more than 65536 bytes" for line in (2, 4)]
    if size <= LINE_MAX:
        assert ([row.line for row in rows], messages) == ([2, 3], too_long[1:])
    else:
        assert ([row.line for row in rows], messages) == ([3], too_long)


def test_memory_stays_flat():
    class Endless:
        """A hundred megabytes of rows, made as they are read."""

        name = "endless"
        left = 1600
        block = b"1,ADD,7,B,100,3\n" * 4096

        def readinto(self, view):
            self.left -= 1
            if self.left < 0:
                return 0
            data = b"ts,action,id,side,price,qty\n" if self.left == 1599 else self.block
            view[: len(data)] = data
            return len(data)

    reader = CsvReader(Endless())
    rows = reader.read(4096)
    before = resident_kib()
    tracemalloc.start()
    while count := reader.read(4096):
        rows += count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 1599 * 4096
    assert peak < 100_000
    assert resident_kib() - before < 8_000


def resident_kib() -> int:
    """Return the peak resident memory of this process in KiB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.csv", CSV.encode(), "csv"),
        ("a.txt", BOM.encode() + b"\n\r\nSide;Price;Qty\n", "csv"),
        ("a.csv", LOBSTER.encode(), "lobster"),
        ("a", BOM.encode() + b"\r\n34200,1,7,10,100,-1\r\n", "lobster"),
        ("a.dat", bytes(commands("sparse", 100)), "bin"),
        ("a.bin", b"", "bin"),
        ("a.BIN.zst", zstd.compress(bytes(commands("cancels", 3))), "bin"),
    ],
)
def test_formats_are_recognised(tmp_path, name, data, found):
    path = tmp_path / name
    path.write_bytes(data)
    with open_rows(path) as reader:
        assert reader.format == found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\r\n\n", "the file is empty"),
        (b"hello world\n", "its first line is 'hello world'"),
        (b"1,2,3\n", "neither CSV with a header, nor LOBSTER messages"),
        (b"\x7fELF" + bytes(100), "the file is binary"),
        ("side,price\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_not_recognised_is_refused(tmp_path, data, message):
    path = tmp_path / "data"
    path.write_bytes(data)
    with pytest.raises(FlowError, match=f"data: .*{message}"):
        open_rows(path)


def test_a_named_format_is_believed(tmp_path):
    path = tmp_path / "flow"
    path.write_bytes(b"")
    assert read_all(path, format="lobster") == ([], [])
    with pytest.raises(FlowError, match="begins with a header"):
        open_rows(path, format="csv")
    with pytest.raises(ValueError, match="'json' is none of csv, lobster, bin"):
        open_rows(path, format="json")
    with pytest.raises(FileNotFoundError):
        open_rows(tmp_path / "nowhere.csv")


def test_a_row_error_survives_pickling():
    import pickle

    error = RowError("a.csv", 3, "price", "x" * 100, "is bad")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) == f"a.csv:3: price: '{'x' * 60}…' is bad"


U64 = st.integers(0, 2**64 - 1)
ROWS = st.one_of(
    st.tuples(st.just("ADD"), U64, st.sampled_from("BS"), U64, U64, st.sampled_from(["LIMIT", "IOC", "FOK"]), U64),
    st.tuples(st.just("CANCEL"), U64, st.sampled_from(["", "B"]), st.none(), st.none(), st.just(""), U64),
    st.tuples(st.just("MODIFY"), U64, st.just(""), st.none() | U64, U64, st.just(""), U64),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(U64, ROWS), max_size=30), block_size=st.integers(1, 300), quoted=st.booleans())
def test_rows_survive_the_way_through_csv(tmp_path, rows, block_size, quoted):
    quote = '"' if quoted else ""
    lines = ["ts,action,id,side,price,qty,order_type,user"]
    expected = []
    for time, (action, order_id, side, price, quantity, order_type, account) in rows:
        fields = (time, action, order_id, side, price, quantity, order_type, account)
        lines.append(",".join(f"{quote}{'' if field is None else field}{quote}" for field in fields))
        flags = ORDER_ID | (price is not None and PRICE) | (quantity is not None and QUANTITY) | (SIDE if side else 0)
        kind = {"ADD": 1, "CANCEL": 2, "MODIFY": 3}[action]
        of_type = {"": 0, "LIMIT": 2, "IOC": 3, "FOK": 4}[order_type]
        number = {"": 0, "B": 1, "S": 2}[side]
        expected.append((len(lines), time, order_id, price or 0, quantity or 0, account, kind, number, of_type, flags))
    path = tmp_path / "flow.csv"
    path.write_text("\n".join(lines))
    assert read_all(path, block_size=block_size) == (expected, [])


@pytest.mark.parametrize("mix", ["balanced", "aggressive", "sparse", "cancels"])
def test_generated_csv_and_records_are_the_same_rows(tmp_path, mix):
    records = commands(mix, 5000, seed=3)
    (tmp_path / "flow.bin").write_bytes(records)
    (tmp_path / "flow.csv").write_bytes(HEADER + to_csv(records))
    from_csv, messages = read_all(tmp_path / "flow.csv")
    assert messages == []
    assert len(from_csv) == 5000
    assert [row._replace(line=row.line - 1) for row in from_csv] == read_all(tmp_path / "flow.bin")[0]
