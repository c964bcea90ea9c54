"""Snapshots of a server that trades: taken by another process, every so many records."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import structlog

from orderbook_server.journal.retention import retain

MODULE = "orderbook_server.journal.snapshotter"

log = structlog.get_logger()


class Snapshots:
    """When snapshots are taken, by whom, and what is removed behind them. All calls come from the loop's thread.

    commands: how many records become durable between two snapshots, 0: none is taken; kept, capacity: as `retain` takes
    them; sequence: of the last record in the newest good snapshot, 0 if there is none. `taken` and
    `failed` count those since the start.
    """

    def __init__(self, data_dir: Path, *, commands: int, kept: int, capacity: int, sequence: int = 0) -> None:
        self.taken = 0
        self.failed = 0
        self.sequence = sequence
        self._data_dir = data_dir
        self._commands = commands
        self._kept = kept
        self._capacity = capacity
        self._due = sequence + commands
        self._durable = sequence
        self._process: subprocess.Popen[str] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def busy(self) -> bool:
        """Whether a snapshot is being taken, or old files are removed behind it."""
        return self._watch is not None

    def consider(self, durable: int) -> None:
        """Begin a snapshot of what is durable, if it is due and none is under way; cheap otherwise."""
        self._durable = durable
        if durable < self._due or self.busy or self._stopped or not self._commands:
            return
        self._due = durable + self._commands
        try:
            self._process = self._started(durable)
        except OSError as error:
            self._note_failure(str(error))
            return
        self._watch = asyncio.get_running_loop().create_task(self._watched(self._process))

    async def stop(self) -> None:
        """Kill the process if one is running, wait until nothing is under way, and begin nothing more."""
        self._stopped = True
        if self._process:
            self._process.kill()
        if self._watch:
            await self._watch

    def _started(self, until: int) -> subprocess.Popen[str]:
        """Start the process. Nothing of this one is copied for it: without `preexec_fn` it is not forked."""
        return subprocess.Popen(
            [sys.executable, "-m", MODULE, str(self._data_dir), "--until", str(until)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )

    async def _watched(self, process: subprocess.Popen[str]) -> None:
        """Wait for the process, and see to what it leaves; what takes time is done in threads."""
        try:
            output, errors = await asyncio.to_thread(process.communicate)
            self._process = None
            if self._stopped:
                return
            if process.returncode:
                self._note_failure(errors.strip() or f"exit status {process.returncode}")
                return
            self._note_taken(output)
            removed = await asyncio.to_thread(
                retain, self._data_dir, snapshots_kept=self._kept, capacity=self._capacity
            )
            log.debug("old files of the journal removed", files=[path.name for path in removed])
        except OSError as error:
            log.error("old files of the journal cannot be removed", error=str(error))
        finally:
            self._watch = None
            self.consider(self._durable)  # it may have become due meanwhile

    def _note_taken(self, output: str) -> None:
        """Count and tell a snapshot, of which the process says what it is."""
        taken = json.loads(output)
        self.taken += 1
        self.sequence = taken["sequence"]
        log.info("snapshot taken", **taken)

    def _note_failure(self, reason: str) -> None:
        """Count and tell one that failed: the next is tried after as many records, and nothing is lost meanwhile."""
        self.failed += 1
        log.error("snapshot failed", error=reason)
