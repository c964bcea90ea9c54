"""Wrong input and wrong command lines: one clear line, its own exit status, no traceback, nothing half applied."""

from pathlib import Path

import pytest

from obctl.flow.generate import commands
from tests.replay.helpers import obctl, replay, write_csv
from tests.replay.lobster_maker import Lobster

GOOD = ["1,ADD,1,BUY,100,10,", "2,ADD,2,SELL,101,10,"]


def refusal(*arguments: object, status: int) -> str:
    """Run a replay that is refused; return the one line that says why."""
    result = obctl("replay", *arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("3,ADD,3,BUY,1OO,10,", "price: '1OO'"),
        ("3,ADD,3,BUY,100,-10,", "quantity: '-10'"),
        ("3,ADD,3,UP,100,10,", "side: 'UP'"),
        ("3,DANCE,3,BUY,100,10,", "action: 'DANCE'"),
        ("3,ADD,3,BUY,100,18446744073709551616,", "quantity: '18446744073709551616'"),
        ("3,CANCEL,,,,,", "order_id: "),
    ],
)
def test_a_wrong_row_names_file_line_field_and_value(row: str, place: str, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "wrong.csv", [*GOOD, row, "4,ADD,4,BUY,99,1,"])
    line = refusal(file, status=1)
    assert line.startswith(f"obctl replay: {file}:4: {place}")
    assert line.count("\n") == 1
    summary = replay(file, "--on-error", "skip")
    assert (summary["rows"], summary["skipped_rows"], summary["accepted"]) == (3, 1, 3)
    assert "1 wrong rows skipped" in obctl("replay", file, "--on-error", "skip").stdout


def test_wrong_records_are_wrong_rows_in_both_modes(tmp_path: Path) -> None:
    binary = tmp_path / "flow.bin"
    binary.write_bytes(commands("balanced", 3) + b"\4" + bytes(47) + commands("balanced", 1, seed=5))
    for mode in ("match", "book"):
        line = refusal(binary, "--mode", mode, status=1)
        assert line.startswith(f"obctl replay: {binary}:4: kind: '4' is none of")
        summary = replay(binary, "--mode", mode, "--on-error", "skip")
        assert (summary["rows"], summary["skipped_rows"]) == (4, 1)


def test_wrong_rows_at_both_ends_and_in_a_row_are_skipped(tmp_path: Path) -> None:
    wrong = "x,ADD,9,BUY,y,z,"
    file = write_csv(tmp_path / "wrong.csv", [wrong, wrong, *GOOD, wrong, wrong])
    summary = replay(file, "--on-error", "skip")
    assert (summary["rows"], summary["skipped_rows"]) == (2, 4)


def test_a_cut_short_record(tmp_path: Path) -> None:
    binary = tmp_path / "flow.bin"
    binary.write_bytes(bytes(47))
    assert f"{binary}:1: " in refusal(binary, status=1)
    assert replay(binary, "--on-error", "skip")["skipped_rows"] == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    assert refusal(missing, status=1) == f"obctl replay: cannot read {missing}: No such file or directory\n"
    assert "cannot read" in refusal(tmp_path, status=1)
    message, _ = Lobster(1, 2).run(5).save(tmp_path)
    assert f"cannot read {missing}" in refusal(message, "--verify", missing, status=1)


def test_a_file_of_unknown_format(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")
    assert str(file) in refusal(file, status=1)


def test_files_of_two_formats_are_no_stream(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "flow.csv", GOOD)
    message, _ = Lobster(1, 2).run(5).save(tmp_path)
    line = refusal(file, message, status=1)
    assert f"{message} is lobster" in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mode", "book", "--events", "e.csv"], "--events needs --mode match"),
        (["--verify", "b.csv"], "for LOBSTER files, not for csv"),
        (["--seed-book", "b.csv"], "for LOBSTER files, not for csv"),
        (["--verify", "b.csv", "--verify", "c.csv"], "--verify is given 2 times for 1 files"),
        (["--trades", "t.txt"], "does not end in .csv, .parquet, .arrow"),
        (["--trades", "nowhere/t.csv"], "there is no folder 'nowhere'"),
        (["--trades", "t.csv", "--depth", "./t.csv"], "--depth t.csv is also --trades"),
        (["--trades", "link.csv"], "--trades link.csv is also an input"),
        (["--plot", "p.png", "--levels", "3"], "--levels is for the table of --depth"),
        (["--tick-size", "1e-19"], "--tick-size 1E-19 has more than 18 decimals"),
        (["--lot-size", "1e30"], "--lot-size 1E+30 is too large"),
        (["--verify", "-", "--seed-book", "-"], "standard input (-) can be read only once"),
        (["--plot", "p.gif"], "does not end in .png, .html"),
        (["--levels", "0"], "0 is not in the range"),
        (["--tick-size", "0"], "'0' is not a decimal number above 0"),
        (["--tick-size", "NaN"], "'NaN' is not a decimal number above 0"),
        (["--mode", "dream"], "'dream' is not one of"),
    ],
)
def test_wrong_command_lines(options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_csv(tmp_path / "flow.csv", GOOD)
    (tmp_path / "link.csv").symlink_to(file)
    before = file.read_bytes()
    assert words in refusal(file, *options, status=2)
    assert {path.name for path in tmp_path.iterdir()} == {"flow.csv", "link.csv"}
    assert file.read_bytes() == before


def test_wrong_command_lines_for_lobster_files(tmp_path: Path) -> None:
    message, book = Lobster(1, 2).run(5).save(tmp_path)
    assert "--events needs --mode match" in refusal(message, "--events", tmp_path / "e.csv", status=2)
    assert "--verify needs --mode book" in refusal(message, "--mode", "match", "--verify", book, status=2)
    for option, value in (("--tick-size", "0.01"), ("--lot-size", 1), ("--time-unit", "s"), ("--symbol", "A")):
        assert f"{option} is for CSV: {message} is lobster" in refusal(message, option, value, status=2)
    found_beside = message.with_name(message.name.replace("_message_", "_orderbook_"))
    book.rename(found_beside)
    assert f"--trades {found_beside} is also an input" in refusal(message, "--trades", found_beside, status=2)
    assert "standard input" in refusal("-", "-", status=2)
