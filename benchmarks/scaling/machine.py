"""What the kernel tells and lets set: CPU time, memory, cores, shares. Linux only.

Times and memory are read from /proc (https://docs.kernel.org/filesystems/proc.html). A share of a core
is a quota of a control group, which takes root: version 1 (https://docs.kernel.org/scheduler/sched-bwc.html)
or version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from estafeta.kernel.errors import ConfigurationError

_TICKS = os.sysconf("SC_CLK_TCK")
_PERIOD = 10_000  # microseconds: short, so that a share is a slower core and not a core with long pauses
_QUIET = 0.1
_GROUPS = Path("/sys/fs/cgroup")


def cpu_seconds(pid: int) -> float:
    """That the process has used, with all its threads, in its own code and in the kernel for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_megabytes(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise ConfigurationError("The kernel tells no VmRSS here.")
    return int(found[1]) / 1024


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def children_on(chosen: Iterable[int]) -> Iterator[None]:
    """Children started within run on these cores, with all their threads; we come back to ours."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


class Share:
    """At most so much of a core for each process that is put in; `remove` when they have ended."""

    def __init__(self, of_a_core: float) -> None:
        quota = int(_PERIOD * of_a_core)
        name = f"estafeta-bench-{secrets.token_hex(4)}"
        first = (_GROUPS / "cpu").is_dir()
        self._group = _GROUPS / "cpu" / name if first else _GROUPS / name
        try:
            self._group.mkdir()
            if first:
                (self._group / "cpu.cfs_period_us").write_text(str(_PERIOD))
                (self._group / "cpu.cfs_quota_us").write_text(str(quota))
            else:
                (self._group / "cpu.max").write_text(f"{quota} {_PERIOD}")
        except OSError as error:
            raise ConfigurationError(
                f"The share of a core can't be set ({error.strerror}): run this as root where {_GROUPS} can be "
                "written, or with --share 0 for no limit."
            ) from None

    def hold(self, pid: int) -> None:
        (self._group / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._group.rmdir()


def all_seconds() -> float:
    """CPU seconds that all cores have worked so far, for whomever."""
    user, nice, system, _, _, interrupts, soft, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(ticks) for ticks in (user, nice, system, interrupts, soft)) / _TICKS


@contextlib.contextmanager
def machine_to_ourselves(parts: Callable[[], float]) -> Iterator[None]:
    """Says afterwards how much others used: a measurement on a busy machine is worth nothing. `parts` are
    the CPU seconds of all that is measured."""
    wall, ours, everything = time.perf_counter(), parts(), all_seconds()
    yield
    wall = time.perf_counter() - wall
    others = max(all_seconds() - everything - (parts() - ours), 0.0) / wall
    advice = "" if others < _QUIET else ": too much, measure again when the machine is quiet"
    print(f"others used {others:.2f} of {os.cpu_count()} cores meanwhile{advice}", flush=True)
