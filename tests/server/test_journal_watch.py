"""What a server does about its journal: over journals that say what the test wants."""

import pytest
from structlog.testing import capture_logs

from orderbook_server.journal.journal import Journal
from orderbook_server.journal.watch import Watch


class FakeJournal(Journal):
    """A journal that has whatever state it is given."""

    appended = 9
    durable = 7
    full = False
    error = None


@pytest.fixture
def journal():
    return FakeJournal()


@pytest.fixture
def story():
    return []


@pytest.fixture
def watch(journal, story, tmp_path):
    return Watch(
        journal,
        data_dir=tmp_path,
        on_failure=lambda error: story.append(error),
        on_room=lambda: story.append("room"),
        on_durable=lambda sequence: story.append(sequence),
    )


def test_it_tells_how_far_all_is_kept(watch, journal, story):
    watch.look()
    journal.durable = 9
    with capture_logs() as logs:
        watch.look()
    assert story == ["room", 7, "room", 9]
    assert logs == []


def test_a_full_disk_is_told_once_and_room_again_once(watch, journal, story):
    with capture_logs() as logs:
        for full in (True, True, False, False, True):
            journal.full = full
            watch.look()
    assert story == [7, 7, "room", 7, "room", 7, 7]
    assert [entry["event"].split(":")[0] for entry in logs] == [
        "journal full",
        "journal has room again",
        "journal full",
    ]
    assert {entry["log_level"] for entry in logs} == {"warning"}


def test_a_failure_is_told_once_and_nothing_else_is_done(watch, journal, story, tmp_path):
    journal.error = error = OSError(5, "Input/output error")
    journal.full = True
    with capture_logs() as logs:
        watch.look()
        watch.look()
        watch.fail(error)
    assert story == [error]
    [entry] = logs
    assert (entry["event"], entry["log_level"]) == ("journal failed", "critical")
    assert (entry["error"], entry["errno"], entry["durable"]) == ("Input/output error", 5, 7)
    assert entry["data_dir"] == str(tmp_path)
