"""Output files: whole or not at all, plots included, and a clear word where a library is missing."""

import errno
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from obctl import libraries
from obctl.replay.recorder import Recorder
from tests.replay.helpers import Flow, obctl, replay, write_csv
from tests.replay.lobster_maker import Lobster
from tests.replay.test_matched import read_table


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Flow(800, seed=2).save(tmp_path_factory.mktemp("flow") / "flow.csv")


def test_png_plot(file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.png"
    replay(file, "--plot", plot)
    picture = plot.read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert len(picture) > 20_000


def test_html_plot_needs_no_other_host(file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.html"
    replay(file, "--plot", plot)
    page = plot.read_text()
    assert "best bid" in page
    assert "Plotly.newPlot" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


@pytest.mark.parametrize("ending", ["png", "html"])
def test_plots_of_lobster_files_and_of_nothing(tmp_path: Path, ending: str) -> None:
    message, _ = Lobster(1, 3).run(80).save(tmp_path)
    replay(message, "--plot", tmp_path / f"lobster.{ending}")
    replay(write_csv(tmp_path / "empty.csv", []), "--plot", tmp_path / f"empty.{ending}")
    assert {path.name for path in tmp_path.glob(f"*.{ending}")} == {f"lobster.{ending}", f"empty.{ending}"}


def test_plot_samples_stay_few_and_keep_to_the_book(tmp_path: Path) -> None:
    """20,000 rows make at most 4096 samples, evenly spaced, each with the book and the newest trade at its row."""
    import numpy as np

    from obctl.flow import open_rows
    from obctl.replay.matched import MatchReplay

    lines = []
    for i in range(1, 10_001):
        lines += [f"{i},ADD,{2 * i},SELL,{1000 + i},1,", f"{i},ADD,{2 * i + 1},BUY,{1000 + i},1,"]
    recorder = Recorder(samples=True)
    feeder = MatchReplay(recorder)
    with open_rows(write_csv(tmp_path / "flow.csv", lines)) as reader:
        while feeder.feed(reader, 1 << 16):
            pass
    samples = recorder.samples
    assert samples is not None
    values = np.frombuffer(samples.values(), np.uint64).reshape(len(samples), 5)
    missing = np.frombuffer(samples.missing(), np.bool_).reshape(len(samples), 5)
    assert 2048 <= len(samples) <= 4096
    assert values[:, 0].tolist() == list(range(8, 8 * len(samples) + 1, 8))
    assert missing[:, 2:4].all(), "after an even number of rows nothing rests"
    assert not missing[:, 4].any()
    assert (values[:, 4] == 1000 + values[:, 0] // 2).all()


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_table_of_no_rows_has_its_columns(tmp_path: Path, ending: str) -> None:
    table = tmp_path / f"trades.{ending}"
    replay(write_csv(tmp_path / "empty.csv", ["1,ADD,1,BUY,5,5,"]), "--trades", table)
    assert read_table(table) == []
    assert table.stat().st_size > 20


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_an_error_leaves_no_file_and_an_old_one_as_it_was(tmp_path: Path, ending: str) -> None:
    file = write_csv(tmp_path / "wrong.csv", ["1,ADD,1,BUY,5,5,", "2,ADD,2,SELL,5,5,", "3,ADD,3,SELL,five,5,"])
    old = tmp_path / f"trades.{ending}"
    old.write_text("old")
    result = obctl("replay", file, "--trades", old, "--depth", tmp_path / f"depth.{ending}")
    assert result.exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"trades.{ending}", "wrong.csv"]
    assert old.read_text() == "old"


@pytest.mark.parametrize(
    ("option", "ending", "library"),
    [
        ("--trades", "parquet", "pyarrow"),
        ("--events", "arrow", "pyarrow"),
        ("--plot", "png", "matplotlib"),
        ("--plot", "html", "plotly"),
    ],
)
def test_a_missing_library_is_named_before_any_work(
    option: str, ending: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == library else object())
    result = obctl("replay", tmp_path / "not_even_there.csv", option, tmp_path / f"out.{ending}")
    assert result.exit_code == 2
    assert result.stderr == f"obctl replay: {option} needs {library}: pip install 'obctl[data]'\n"


def test_csv_tables_need_no_library(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    replay(file, "--trades", tmp_path / "trades.csv", "--depth", tmp_path / "depth.csv")
    assert len(read_table(tmp_path / "depth.csv")) == 800


def test_a_folder_that_cannot_be_written(file: Path, tmp_path: Path) -> None:
    (tmp_path / "trades.csv").mkdir()
    result = obctl("replay", file, "--trades", tmp_path / "trades.csv")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr


def test_all_outputs_appear_or_none(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plot is drawn last: where that fails, the tables, complete as they are, stay away too."""
    old = tmp_path / "trades.csv"
    old.write_text("old")

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("obctl.replay.plot.draw", full)
    result = obctl("replay", file, "--trades", old, "--depth", tmp_path / "d.csv", "--plot", tmp_path / "p.png")
    assert result.exit_code == 1
    assert result.stderr == "obctl replay: reading or writing: No space left on device\n"
    assert [path.name for path in tmp_path.iterdir()] == ["trades.csv"]
    assert old.read_text() == "old"


def test_a_plot_that_cannot_be_written_is_refused_before_the_replay(file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.png").mkdir()
    result = obctl("replay", file, "--plot", tmp_path / "p.png", "--on-error", "skip", "--format", "csv")
    assert result.stderr == f"obctl replay: cannot write {tmp_path / 'p.png'}: Is a directory\n"


def test_an_output_that_is_a_link_or_a_pipe_stays_one(file: Path, tmp_path: Path) -> None:
    link, target, pipe = tmp_path / "link.csv", tmp_path / "target.csv", tmp_path / "pipe.csv"
    link.symlink_to(target)
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(pipe.read_bytes)
        replay(file, "--trades", link, "--depth", pipe)
        assert received.result(timeout=10).startswith(b"row,timestamp,ask_price_1")
    assert link.is_symlink()
    assert target.read_text().startswith("row,timestamp,taker")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
