"""The process in which files are read: its limits, and the hook that watches it."""

import contextlib
import io
import os
import random
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzz_targets import Target

# What a reader may do with a file.
GOOD = ("accepted", "rejected")

# Events of Python's that a reader has no business with.
_RUN = (
    "compile",
    "exec",
    "ctypes.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.symlink",
    "os.link",
    "pickle.find_class",
    "pty.spawn",
    "shutil.",
    "socket.",
    "subprocess.",
    "urllib.",
)


@dataclass(frozen=True)
class Limits:
    """What one file may take.

    Parameters
    ----------
    seconds : float
        Time of a processor; it may wait longer.
    n_bytes : int
        Memory, above what the process has when it begins.
    """

    seconds: float = 10.0
    n_bytes: int = 2**30


class Watch:
    """Notes what happens while a file is read; a hook stays as long as its process."""

    def __init__(self) -> None:
        self.on = False
        self.events: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            _, mode, flags = args
            writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            if set(mode or "") & set("wax+") or flags & writes:
                self.events.append(f"open for writing {args[0]!r}")
        elif event.startswith(_RUN) and not _is_literal(event):
            self.events.append(f"{event} {args!r:.200}")


def _is_literal(event: str) -> bool:
    """Tell whether text is compiled to a tree alone, by ast.literal_eval."""
    frame = sys._getframe(2)
    names = [frame.f_code.co_name, frame.f_back and frame.f_back.f_code.co_name]
    inside = frame.f_globals.get("__name__") == "ast"
    return event == "compile" and inside and names == ["parse", "literal_eval"]


def attempt(target: Target, path: Path, watch: Watch) -> tuple[str, str]:
    """Read a file, and say what came of it.

    Parameters
    ----------
    target : Target
        What reads it.
    path : Path
        The file.
    watch : Watch
        The hook of the process.

    Returns
    -------
    kind : str
        "accepted", "rejected", or a kind of failure.
    detail : str
        What was said.
    """
    said = io.StringIO()
    outcome = "accepted", ""
    watch.events.clear()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        warnings.simplefilter("ignore")
        watch.on = True
        try:
            target.read(path)
        except SystemExit as ended:  # argparse's way to refuse
            refused = target.exits and ended.code in (0, 2)
            outcome = ("rejected" if refused else "other error"), repr(ended)
        except ValueError as error:
            told = target.exits or str(path) in str(error)
            outcome = ("rejected" if told else "no path"), repr(error)
            if any(isinstance(one, MemoryError) for one in _chain(error)):
                outcome = "memory", repr(error)
        except MemoryError as error:
            outcome = "memory", repr(error)
        except BaseException as error:
            outcome = "other error", repr(error)
        finally:
            watch.on = False
    if watch.events:
        outcome = "code run", "; ".join(watch.events)
    return outcome[0], outcome[1][:500]


def _chain(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def work(
    target: Target,
    numbers: Sequence[int],
    seed: int,
    path: Path,
    limits: Limits,
    connection: Connection,
) -> None:
    """Read files one after the other, and tell of each; or that it went wrong here.

    Parameters
    ----------
    target : Target
        What makes and reads them.
    numbers : sequence of int
        Which of them.
    seed : int
        Of the generator.
    path : Path
        Where each is put.
    limits : Limits
        Of memory and time; whoever listens keeps the time that it waits.
    connection : Connection
        Where what came of each is sent.
    """
    try:
        _work(target, numbers, seed, path, limits, connection)
    except Exception:  # of the one who makes files, and not of who reads them
        connection.send(traceback.format_exc())


def _work(
    target: Target,
    numbers: Sequence[int],
    seed: int,
    path: Path,
    limits: Limits,
    connection: Connection,
) -> None:
    valid = target.seeds(path)
    watch = Watch()
    for content in valid:  # and all that is imported at the first time is
        path.write_bytes(content)
        target.read(path)
        outcome = attempt(target, path, watch)
        if outcome != ("accepted", ""):
            raise AssertionError(f"{target.name}: a valid file is {outcome}")
    base = _peak()
    virtual = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
    limit = virtual + limits.n_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in numbers:
        rng = random.Random(f"{target.name} {seed} {number}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile's, of names that come twice
            path.write_bytes(target.make(rng, valid))
        connection.send("reading")
        # Ends the process, wherever it is, as no exception would.
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        kind, detail = attempt(target, path, watch)
        signal.setitimer(signal.ITIMER_PROF, 0)
        taken = _peak() - base
        if taken > limits.n_bytes:
            kind, detail = "memory", f"{taken >> 20} MiB"
        connection.send((kind, detail))
        if kind not in GOOD:
            connection.recv()  # the file has been kept
    connection.send("done")


_PAGE = os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
