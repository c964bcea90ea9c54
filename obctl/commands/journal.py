"""`obctl journal`: look into data directories. The work is done in obctl.journal and orderbook_server.journal."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from obctl import exit_codes
from obctl.client.options import json_option
from obctl.errors import BadInput, Damaged
from obctl.figures import print_figures
from obctl.number_types import Whole
from obctl.watch.options import speed_option
from orderbook_server.config import ENVIRONMENT_PREFIX, settings_by_key

# Whether there is one, and whether it can be read, is found out, and told, by who reads it.
DIRECTORY = click.Path(file_okay=False, readable=False, path_type=Path)
ALL, NONE = "all", "none"
RECORD = Whole(minimum=1)


class AccountList(Whole):
    """Numbers of accounts with commas between them, `all` or `none`."""

    name = "accounts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of numbers, None for all."""
        if value in (ALL, NONE):
            return None if value == ALL else ()
        parts = str(value).split(",")
        return tuple(dict.fromkeys(super(AccountList, self).convert(part, param, ctx) for part in parts))

    def complaint(self) -> str:
        """Return what anything else is."""
        return f"neither {ALL}, nor {NONE}, nor numbers of accounts with commas between them"


def directory_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the data directory that it is about."""
    setting, _ = settings_by_key()["data_dir"]
    return click.argument(
        "directory",
        metavar="[DIR]",
        type=DIRECTORY,
        envvar=f"{ENVIRONMENT_PREFIX}DATA_DIR",
        default=setting.default,
    )(function)


def print_json(plain: object) -> None:
    """Print plain data as JSON."""
    click.echo(json.dumps(plain, indent=2))


@click.group()
def journal() -> None:
    """Look into a data directory of obctl serve, also while a server uses it: nothing is written, but by repair.

    DIR is ./orderbook-data, or what OBCTL_SERVE_DATA_DIR says, where it is not given. docs/journal.md explains what is
    in one. Exit status: 1 there is none or it cannot be read, 3 two journals differ, 4 it is damaged.

    \b
    Examples:
      obctl journal verify
      obctl journal dump --account 7
      obctl journal stats --json
      obctl journal replay --until 3
      obctl journal diff orderbook-data backup
      obctl journal repair
    """


@journal.command()
@directory_argument
@click.option("--replay", "replayed", is_flag=True, help="Carry the journal out, too, and compare all state hashes.")
@json_option
def verify(directory: Path, replayed: bool, as_json: bool) -> None:
    """Read all of a data directory, and say whether it is good.

    Of segments: header, size, CRC and chain of every frame, every record. Of snapshots: digest, state, state hash, and
    that they are of this journal. A torn end, which the next start cuts off, is good; of damage the exit status is 4.

    \b
    Keys of the JSON:
      directory, good, damage, live (a server uses it), first_record,
      last_record, torn_bytes, replayed (records), replayed_from, state_hash,
      files [{file, bytes, first_record, last_record, frames, state}]

    \b
    Examples:
      obctl journal verify
      obctl journal verify orderbook-data --replay
      obctl journal verify --json
    """
    from obctl.journal.directory import DataDirectory, readable
    from obctl.journal.verify import Verifier

    with readable(directory):
        found = Verifier(DataDirectory(directory)).run(replay=replayed)
    if as_json:
        print_json(found.plain())
    else:
        click.echo("\n".join(found.lines()))
    if found.damage is not None:
        raise Damaged(f"{found.damage}; {found.advice()}")


@journal.command()
@directory_argument
@click.option(
    "--from", "begin", type=RECORD, default=1, metavar="SEQ", help="The first record; by default all there are."
)
@click.option("--until", type=RECORD, metavar="SEQ", help="The last record; by default all there are.")
@click.option("--account", "-a", "account_id", type=Whole(), metavar="N", help="Commands of this account alone.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per line.")
def dump(directory: Path, begin: int, until: int | None, account_id: int | None, as_json: bool) -> None:
    """Print the records of a journal, one a line.

    A line has the sequence, the time in UTC, the session (0: none), the symbol and the kind, - for what a record has
    not, and then its fields by name. Prices are in ticks, quantities in lots; base and quote of credits in their units.

    \b
    Kinds:
      NEW, CANCEL, MODIFY, CREDIT, DEBIT, CANCEL_ALL   commands
      SESSION       cancels its orders at its end (on), not (off), has ended
      INSTRUMENTS   the instruments from here on
      STATE         state_hash, where a server ended in order

    \b
    Keys of the JSON, those that a kind has:
      sequence, time (ns since 1970), kind, session, symbol, account_id, order_id,
      side, order_type, price, quantity, self_trade_prevention, base, quote,
      malformed (a command refused for its form: all its fields are there),
      cancel_on_disconnect, instruments, state_hash

    \b
    Examples:
      obctl journal dump
      obctl journal dump --from 2 --until 3
      obctl journal dump orderbook-data --account 1 --json
      obctl journal dump | grep ' NEW '
    """
    from obctl.journal.directory import DataDirectory
    from obctl.journal.dump import dump as print_records

    if until is not None and until < begin:
        raise click.UsageError("--until lies before --from.")
    print_records(DataDirectory(directory), begin=begin, until=until, account_id=account_id, as_json=as_json)


@journal.command()
@directory_argument
@json_option
def stats(directory: Path, as_json: bool) -> None:
    """Print what a data directory holds, in figures.

    RAW counts commands that were refused for their form. An epoch is from one start of the server to the next.

    \b
    Keys of the JSON:
      directory, live (a server uses it), first_record, last_record, records,
      kinds {kind: records}, commands, frames, frame_bytes, file_bytes,
      bytes_per_command, commands_per_frame_mean, commands_per_frame_max,
      first_time and last_time (ns since 1970), busiest_second (since 1970),
      busiest_second_commands,
      epochs [{epoch, first_record, last_record, time}],
      segments [{file, bytes}], snapshots [{sequence, time, bytes}]

    \b
    Examples:
      obctl journal stats
      obctl journal stats orderbook-data --json
    """
    from obctl.journal.directory import DataDirectory, readable
    from obctl.journal.stats import stats_of

    with readable(directory):
        found = stats_of(DataDirectory(directory))
    if as_json:
        print_json(found.plain())
    else:
        print_figures(found.figures())


@journal.command()
@directory_argument
@click.option("--until", type=RECORD, metavar="SEQ", help="The state behind this record; by default behind the last.")
@click.option("--until-event", type=RECORD, metavar="N", help="The state behind the record that made this event.")
@click.option(
    "--levels", "-n", type=RECORD, default=5, show_default=True, metavar="N", help="Levels of each side of a book."
)
@click.option(
    "--accounts",
    type=AccountList(),
    default=ALL,
    show_default=True,
    metavar="all|none|N,...",
    help="Accounts whose balances are printed.",
)
@click.option(
    "--watch", "watched", is_flag=True, help="Show how it came to that, in the terminal, as obctl watch shows a market."
)
@speed_option
@json_option
def replay(
    directory: Path,
    until: int | None,
    until_event: int | None,
    levels: int,
    accounts: tuple[int, ...] | None,
    watched: bool,
    speed: float,
    as_json: bool,
) -> None:
    """Print the exchange as it was at any record: books, balances, state hash.

    The newest snapshot before that record is loaded, and the journal behind it carried out again. Prices are in ticks,
    quantities in lots, balances in units of the asset.

    With --watch the journal is a market that is played up to that record from its beginning, or from the oldest
    snapshot where that is gone, by the times at which its commands came in. Space stops it and goes on, + and - change
    the speed. Where nothing happens for more than 2 s of watching, that is passed over.

    \b
    Keys of the JSON:
      sequence, record (as dump --json has it), last_event, last_execution,
      state_hash, replayed (records), totals {asset: units},
      instruments [{symbol, resting_orders, bids and asks
                    [{price, total_quantity, order_count}]}],
      accounts [{account_id, balances {asset: {available, reserved}}}]

    \b
    Examples:
      obctl journal replay
      obctl journal replay --until 3
      obctl journal replay orderbook-data --until-event 2 --accounts 1,2
      obctl journal replay --levels 1 --accounts none --json
      obctl journal replay --watch --speed 10x
    """
    from obctl.client import terminal
    from obctl.journal.directory import DataDirectory, readable
    from obctl.journal.state import state_at

    if until is not None and until_event is not None:
        raise click.UsageError("Give --until or --until-event, not both.")
    require_together(watched)
    if watched:
        watch_journal(directory, speed, until=until, until_event=until_event)
        return
    with readable(directory):
        state = state_at(
            DataDirectory(directory), until=until, until_event=until_event, levels=levels, accounts=accounts
        )
        plain, figures = state.plain(), list(state.figures())
    if as_json:
        print_json(plain)
        return
    print_figures(figures)
    for line in state.lines(terminal.width(), terminal.shows_blocks()):
        terminal.print_coloured(*line)


def require_together(watched: bool) -> None:
    """Raise UsageError where options on the command line say both to print and to watch."""
    context = click.get_current_context()
    to_print = {"levels": "--levels", "accounts": "--accounts", "as_json": "--json"}
    for name, option in (to_print if watched else {"speed": "--speed"}).items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} is {'not ' if watched else ''}for --watch.")


def watch_journal(directory: Path, speed: float, *, until: int | None, until_event: int | None) -> None:
    """Watch a journal in the terminal."""
    from obctl.watch.run import need_terminal, show

    need_terminal()
    from obctl.watch.playback import PlaybackClock
    from obctl.watch.sources.journal import JournalSource

    show(lambda: JournalSource(directory, PlaybackClock(speed), until=until, until_event=until_event))


@journal.command()
@click.argument("a", type=DIRECTORY)
@click.argument("b", type=DIRECTORY)
@click.option("--ignore-times", is_flag=True, help="Commands that came at other times may be the same.")
@json_option
def diff(a: Path, b: Path, ignore_times: bool, as_json: bool) -> int:
    """Find the first record at which the journals of two data directories part.

    Records are the same with the same fields, session and time; how they were grouped in frames, and by which start of
    the server they were written, does not matter. What only one of the two still has is not compared. Exit status 3 of
    a difference, or where one goes on behind the other's end.

    \b
    Keys of the JSON:
      equal, compared_from, compared_to, same_chain (a frame with the same hash
      is in both: all before it is the same, in both for ever),
      first_difference {sequence, a, b (as dump --json has them)} or null,
      a and b {directory, first_record, last_record}

    \b
    Examples:
      obctl journal diff orderbook-data backup
      obctl journal diff orderbook-data backup --ignore-times --json
    """
    from obctl.journal.difference import compare
    from obctl.journal.directory import DataDirectory

    found = compare(DataDirectory(a), DataDirectory(b), ignore_times=ignore_times)
    if as_json:
        print_json(found.plain())
    else:
        click.echo("\n".join(found.lines()))
    return exit_codes.OK if found.equal else exit_codes.DIFFERS


@journal.command()
@directory_argument
@click.option("--yes", is_flag=True, help="Cut without asking.")
@json_option
def repair(directory: Path, yes: bool, as_json: bool) -> None:
    """Say why a server refuses a data directory, and cut off what is damaged, if you consent.

    What was acknowledged behind the cut is undone; what is cut is kept in a new folder of the directory. A backup may
    have more: obctl journal diff tells. Nothing is changed without consent, which is asked for on a terminal, nor while
    a server uses the directory.

    \b
    Keys of the JSON:
      directory, good, damage {file, offset, reason} or null, torn_bytes,
      can_be_cut, kept_from_snapshot (its record, where the history before it is
      moved aside), last_kept_record, lost_frames, lost_records, moved_segments,
      moved_snapshots, cut {folder, files} or null

    \b
    Examples:
      obctl journal repair
      obctl journal repair orderbook-data --yes
    """
    from obctl.journal import repair as words
    from obctl.journal.directory import DataDirectory, readable
    from orderbook_server.journal.findings import examine
    from orderbook_server.journal.repair import cut

    with readable(directory):
        looked = DataDirectory(directory)
        if looked.live:
            raise BadInput(f"{directory} is in use by a server: stop it first")
        findings = examine(directory)
    if not as_json:
        click.echo("\n".join(words.explanation(looked, findings)))
    done = None
    if findings.can_be_cut and (yes or (not as_json and consents())):
        with readable(directory):
            done = cut(directory, findings)
    if as_json:
        print_json(words.plain(looked, findings, done))
    elif done:
        click.echo("\n".join(words.outcome(findings, done)))
    if findings.damage is not None and done is None:
        hint = "--yes cuts" if findings.can_be_cut else "a backup is needed"
        raise Damaged(f"{directory} is damaged, and nothing was changed; {hint}")


def consents() -> bool:
    """Ask for consent on a terminal; without one there is none."""
    return sys.stdin.isatty() and sys.stdout.isatty() and click.confirm("Cut?")
