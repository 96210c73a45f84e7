"""MuJoCo's warnings: each is said once, not by every environment again.

MuJoCo writes them to standard error itself, where Python's filters of warnings do not
reach: whenever it compiles a model, and whenever a simulation becomes unstable that was
reset. What was said before somebody could listen is said twice: where a callable makes
the environment, and imports MuJoCo for that.
"""

import os
import re
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import gymnasium
from gymnasium.envs.registration import EnvSpec, load_env_creator

_UNIQUE = uuid.uuid4()


class Speaker(NamedTuple):
    """The process that speaks for those that work for it.

    Parameters
    ----------
    process : tuple
        Tells it from all others, on other machines too.
    said : frozenset of str
        What it has said already.
    """

    process: tuple[uuid.UUID, int]
    said: frozenset[str]


class _Listener:
    """Hears what MuJoCo warns of while environments are open, and says what is new."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # MuJoCo may speak up wherever it is called
        self._n_open = 0
        self._said: set[str] = set()
        self._n_keeping = 0
        self._kept: list[str] = []
        self._speaker: Any = None
        self._said_by_speaker: set[str] = set()

    def open(self) -> None:
        """Listen, unless somebody else does."""
        with self._lock:
            self._n_open += 1
            mujoco = sys.modules.get("mujoco")
            if mujoco is not None and mujoco.get_mju_user_warning() is None:
                mujoco.set_mju_user_warning(self.hear)

    def close(self) -> None:
        """Stop listening once nothing is open any more."""
        with self._lock:
            self._n_open -= 1
            mujoco = sys.modules.get("mujoco")
            if self._n_open or mujoco is None:
                return
            if mujoco.get_mju_user_warning() == self.hear:
                mujoco.set_mju_user_warning(None)

    def hear(self, text: str) -> None:
        """Say a warning, or keep it for the process that speaks, if it is new."""
        with self._lock:
            # What is unstable tells the time of the simulation, and is nothing new.
            what = re.sub(r"Time = \S+$", "", text.strip())
            known = self._said_by_speaker if self._n_keeping else self._said
            if what in known:
                return
            known.add(what)
            if self._n_keeping:
                self._kept.append(text)
                return
        _say(text)

    def speaker(self) -> Speaker:
        """Return this process as the one that speaks."""
        return Speaker((_UNIQUE, os.getpid()), frozenset(self._said))

    def keep_for(self, speaker: Speaker) -> None:
        """Keep what is heard from now on."""
        with self._lock:
            if speaker.process != self._speaker:
                self._said_by_speaker, self._speaker = set(), speaker.process
            self._said_by_speaker |= speaker.said
            self._n_keeping += 1

    def hand_over(self) -> list[str]:
        """Return what was kept, and keep no more."""
        with self._lock:
            self._n_keeping -= 1
            kept, self._kept = self._kept, []
        return kept


_listener = _Listener()


@contextmanager
def warnings_once(env: Any) -> Iterator[None]:
    """Have MuJoCo say what it warns of once, while an environment is made and open.

    Where somebody has set a handler of MuJoCo's warnings, that one gets them all.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        What is going to be made.

    Yields
    ------
    None
    """
    # Whatever is wrong with it is for the making to say.
    with suppress(Exception):
        spec = gymnasium.spec(env) if isinstance(env, str) else env
        if isinstance(spec, EnvSpec) and isinstance(spec.entry_point, str):
            load_env_creator(spec.entry_point)  # imports MuJoCo if that is needed
    _listener.open()
    try:
        yield
    finally:
        _listener.close()


def speaker() -> Speaker:
    """Return this process, to whom workers hand over what MuJoCo warned of."""
    return _listener.speaker()


@contextmanager
def warnings_kept(for_speaker: Speaker) -> Iterator[list[str]]:
    """Keep MuJoCo's warnings for another process, if that is to say them.

    Parameters
    ----------
    for_speaker : Speaker
        Who says them. If it is this process it says them at once.

    Yields
    ------
    list of str
        Filled with what the other process is to say, at the end of the block. If that
        raises, nothing will get there, and it is said here.
    """
    kept: list[str] = []
    if for_speaker.process == speaker().process:
        yield kept
        return
    _listener.keep_for(for_speaker)
    try:
        yield kept
    except BaseException:
        for text in _listener.hand_over():
            _say(text)
        raise
    kept += _listener.hand_over()


def say_once(warnings: Iterable[str]) -> None:
    """Say what workers have heard, if it is new."""
    for text in warnings:
        _listener.hear(text)


def _say(text: str) -> None:
    """Do what MuJoCo does where nobody listens: print it, and write it to its log."""
    # MuJoCo cannot go on from an exception.
    with suppress(OSError, ValueError):
        print(f"MuJoCo: warning: {text.strip()}", file=sys.stderr, flush=True)
    if mujoco := sys.modules.get("mujoco"):
        mujoco.mju_writeLog("WARNING", text)
