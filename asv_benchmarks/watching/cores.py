"""Cores: the server has one of its own, so that what is measured is the server, and not who of us gets a core first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_core(pid: int) -> Iterator[None]:
    """Have a process alone on a core while the block lasts; us, and who is started meanwhile, on the others.

    Where there is but one core, everybody shares it.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        yield
        return
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores[:1])
    os.sched_setaffinity(0, cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def give_way() -> None:
    """Have this process work only when no other wants its core: it stands for machines elsewhere."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
