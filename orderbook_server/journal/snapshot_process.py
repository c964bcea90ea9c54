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

    sequence: of the last record in the newest good snapshot, 0 if there is none; commands: how many more records are
    durable when the next one is taken, 0: never; kept, capacity: what `retain` keeps. `taken` and `failed` are how many
    were since the start, `sequence` is the newest's.
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
        self._process: subprocess.Popen[str] | None = None
        self._watch: asyncio.Task[None] | None = None

    def consider(self, durable: int) -> None:
        """Start to take a snapshot of what is durable, if it is due and none is being taken. Cheap otherwise."""
        if not self._commands or durable < self._due or self._watch:
            return
        self._due = durable + self._commands
        try:
            self._process = self._started(durable)
        except OSError as error:
            self._note_failure(str(error))
            return
        self._watch = asyncio.get_running_loop().create_task(self._watched(self._process))

    def _started(self, durable: int) -> subprocess.Popen[str]:
        """Start the process. This loop's process is not copied for it."""
        return subprocess.Popen(
            [sys.executable, "-m", MODULE, str(self._data_dir), "--until", str(durable)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )

    async def _watched(self, process: subprocess.Popen[str]) -> None:
        """Wait for the process in a thread, and see to what it leaves."""
        try:
            output, errors = await asyncio.to_thread(process.communicate)
            if self._process is None:
                return  # it was stopped
            if process.returncode:
                self._note_failure(errors.strip() or f"exit status {process.returncode}")
                return
            taken = json.loads(output)
            self.taken += 1
            self.sequence = taken["sequence"]
            log.info("snapshot taken", **taken)
            await self._retain()
        finally:
            self._process = self._watch = None

    async def _retain(self) -> None:
        """Remove what is not needed any more, in a thread: files that are large take their time."""
        try:
            removed = await asyncio.to_thread(
                retain, self._data_dir, snapshots_kept=self._kept, capacity=self._capacity
            )
        except OSError as error:
            log.error("old files of the journal could not be removed", error=str(error))
        else:
            log.debug("old files of the journal removed", files=[path.name for path in removed])

    def _note_failure(self, reason: str) -> None:
        """Count and tell a snapshot that failed: the next is tried after as many records, and nothing is lost."""
        self.failed += 1
        log.error("snapshot failed", error=reason)

    async def stop(self) -> None:
        """Kill the process if one is running, and wait until nothing is under way."""
        process, self._process = self._process, None
        if process:
            process.kill()
        if self._watch:
            await self._watch
