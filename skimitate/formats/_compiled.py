"""Policies in C, compiled on the way: what ``export_c`` wrote acts in Python."""

import ctypes
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if

from skimitate.cloning._classes import Classes
from skimitate.files._json import parse_json
from skimitate.files._reading import read_bytes, reading
from skimitate.formats._c import MARK, VERSION
from skimitate.formats._c_numbers import kind_of_actions, table_of_classes
from skimitate.formats._classes import read_classes
from skimitate.policies._as_policy import Policy, policy_of

_MOST_BYTES = 256 * 2**20
_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c99", "-O2", "-fPIC", "-shared")

# What Python calls: a batch of episodes side by side, of each a state. Words in capitals
# are filled in.
_SHIM = """
#include "policy.h"
#include <stddef.h>

size_t skimitate_size(void) { return SIZE; }

void skimitate_act(void *states, const unsigned char *begins, const float *observations,
    size_t n, KIND *actions)
{
    STATE
    for (size_t i = 0; i < n; i++) {
        RESET
        NAME_act(MEMORYobservations + i * NAME_n_observations,
            actions + i * NAME_n_actions);
    }
}

void skimitate_did(void *states, size_t n, const KIND *actions)
{
    STATE
    for (size_t i = 0; i < n; i++)
        DID
}
"""


class CompiledPolicy:
    """What acts of a header that :func:`skimitate.export_c` wrote.

    Parameters
    ----------
    source : str
        The header. The machine's compiler compiles it, in a folder that is removed
        again, and it runs in this process: take it from where you trust.

    Attributes
    ----------
    n_features, n_outputs : int
        Number of observation and of action dimensions.
    classes : list of ndarray or None
        Those of each output, if actions are classes.
    is_stateful : bool
        Whether it remembers what it saw earlier in an episode.
    mean_return : float or None
        What an episode earns on average, if the header says so.

    Raises
    ------
    ValueError
        If it is no such header, or does not compile.
    FileNotFoundError
        If there is no compiler.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        described = _description(source)
        self.name: str = described["name"]
        self.n_features: int = described["n_features"]
        self.n_outputs: int = described["n_outputs"]
        self.is_stateful: bool = described["remembers"]
        self.mean_return: float | None = described["mean_return"]
        listed = described["classes"]
        self.classes = None if listed is None else read_classes(listed)
        self._kind = kind_of_actions(self.classes)
        self._library = _compiled(source, self._shim(described["shows_actions"]))
        self._library.skimitate_size.restype = ctypes.c_size_t
        self._size: int = self._library.skimitate_size()
        self._state: NDArray[np.uint8] | None = None

    def _shim(self, shows_actions: bool) -> str:
        words = {"STATE": "(void)states;", "SIZE": "0", "RESET": "(void)begins;"}
        words |= {"MEMORY": "", "DID": "(void)actions;"}
        if self.is_stateful:
            words |= {
                "STATE": "NAME_state *state = (NAME_state *)states;",
                "SIZE": "sizeof(NAME_state)",
                "RESET": "if (begins[i]) NAME_reset(state + i);",
                "MEMORY": "state + i, ",
            }
            if shows_actions:
                words["DID"] = "NAME_did(state + i, actions + i * NAME_n_actions);"
            else:
                words["DID"] = "(void)state, (void)actions;"
        text = _SHIM
        for word, code in (words | {"KIND": self._kind, "NAME": self.name}).items():
            text = text.replace(word, code)
        return text

    def act(self, observation: ArrayLike) -> NDArray:
        """Return the next action of an episode, or those of several side by side.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            In the units of the environment; taken as float32. With a memory, row i of a
            batch is the next observation of episode i.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)
            float64, or classes.

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than before.
        """
        rows = self._rows(observation)
        n = len(rows) if rows.ndim == 2 else 1
        if not self.is_stateful:
            return self._asked(rows, None, None)
        begins = self._state is None
        if self._state is None:
            self._state = np.zeros((n, self._size), dtype=np.uint8)
        elif len(self._state) != n:
            raise ValueError(
                f"observation: expected a batch of {len(self._state)}, one for each "
                f"episode that goes on, got {n} (reset() begins others)"
            )
        return self._asked(rows, self._state, np.full(n, begins, dtype=np.uint8))

    __call__ = act

    def reset(self) -> None:
        """Begin an episode, or several side by side: forget the last one."""
        self._state = None

    def did(self, action: ArrayLike) -> None:
        """Tell the policy, if it wants to know, that something else was done.

        Parameters
        ----------
        action : array-like of shape (n_outputs,) or (n, n_outputs)
            What was done at the last step in place of its own action.

        Raises
        ------
        ValueError
            If no step has been, or the action has another shape.
        """
        if not self.is_stateful:
            return
        if self._state is None:
            raise ValueError("action: expected a step before it, got the start")
        n = len(self._state)
        actions = self._given(np.reshape(action, (n, self.n_outputs)))
        self._library.skimitate_did(
            _pointer(self._state), ctypes.c_size_t(n), _pointer(actions)
        )

    @available_if(lambda policy: policy.is_stateful)
    def predict(
        self,
        observation: ArrayLike,
        state: NDArray[np.uint8] | None = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, NDArray[np.uint8]]:
        """Return actions and a state to be handed in again, as stable-baselines3 does.

        What :meth:`act` remembers is neither looked at nor changed.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Of one episode, or of each of a batch of episodes.
        state : ndarray of shape (n, size) or None, default=None
            What the last call returned; None at the start.
        episode_start : array-like of bool of shape (n,) or None, default=None
            Which of the episodes begin with this observation.
        deterministic : bool, default=True
            Makes no difference: there is no chance in it.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
        state : ndarray of shape (n, size)

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than in the state.
        """
        rows = self._rows(observation)
        n = len(rows) if rows.ndim == 2 else 1
        begins = np.zeros(n, dtype=np.uint8)
        if state is None:
            state, begins[:] = np.zeros((n, self._size), dtype=np.uint8), 1
        else:
            state = np.array(state, dtype=np.uint8)
            if state.shape != (n, self._size):
                raise ValueError(
                    f"state: expected shape {(n, self._size)}, got {state.shape}"
                )
        if episode_start is not None:
            begins |= np.broadcast_to(np.asarray(episode_start, dtype=bool), n)
        return self._asked(rows, state, begins), state

    def _rows(self, observation: ArrayLike) -> NDArray[np.float32]:
        rows = np.ascontiguousarray(observation, dtype=np.float32)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.n_features:
            raise ValueError(
                f"observation: expected shape ({self.n_features},) or "
                f"(n, {self.n_features}), got {rows.shape}"
            )
        return rows

    def _asked(
        self, rows: NDArray, state: NDArray | None, begins: NDArray | None
    ) -> NDArray:
        """Return what the compiled code makes of observations; states are changed."""
        n = len(rows) if rows.ndim == 2 else 1
        whole = self._kind == "int32_t"
        actions = np.empty(
            (*rows.shape[:-1], self.n_outputs), dtype=np.int32 if whole else np.float32
        )
        self._library.skimitate_act(
            _pointer(state),
            _pointer(begins),
            _pointer(rows),
            ctypes.c_size_t(n),
            _pointer(actions),
        )
        return self._meant(actions)

    def _meant(self, actions: NDArray) -> NDArray:
        """Return numbers in float64, or classes, of actions in C."""
        if self.classes is None:
            return actions.astype(np.float64)
        codes = np.empty(actions.shape, dtype=np.intp)
        for output, classes in enumerate(self.classes):
            values = table_of_classes(classes)[1]
            given = actions[..., output]
            codes[..., output] = (
                given if values is None else np.searchsorted(values, given)
            )
        return Classes(self.classes).labels(codes)

    def _given(self, actions: NDArray) -> NDArray:
        """Return actions in C of numbers, or of classes: of unknown ones, none."""
        if self.classes is None:
            return np.ascontiguousarray(actions, dtype=np.float32)
        kinds = [table_of_classes(classes) for classes in self.classes]
        if kinds[0][1] is not None:
            dtype = np.float32 if self._kind == "float" else np.int32
            return np.ascontiguousarray(actions, dtype=dtype)
        numbers = [{c: i for i, c in enumerate(one.tolist())} for one in self.classes]
        return np.array(
            [
                [known.get(c, -1) for known, c in zip(numbers, row, strict=True)]
                for row in actions.tolist()
            ],
            dtype=np.int32,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A library is for one process; a state within an episode is not kept.
        return CompiledPolicy, (self.source,)

    def __repr__(self) -> str:
        widths = f"n_features={self.n_features}, n_outputs={self.n_outputs}"
        return f"{type(self).__name__}({widths})"


@policy_of.register
def _of_policy(actor: CompiledPolicy) -> Policy:
    return actor


def read_compiled(path: str | Path) -> CompiledPolicy:
    """Read and compile a header that :func:`skimitate.export_c` wrote.

    Parameters
    ----------
    path : str or Path
        The header.

    Returns
    -------
    CompiledPolicy

    Raises
    ------
    OSError
        If it cannot be read, or there is no compiler.
    ValueError
        If it is no such header, or does not compile. Both with its path.
    """
    with reading(path, "a header that export_c wrote"):
        source = read_bytes(path, _MOST_BYTES).decode("ascii")
        _description(source)
    try:
        return CompiledPolicy(source)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _description(source: str) -> dict[str, Any]:
    """Return what a header says of itself in its first line."""
    first = source.partition("\n")[0]
    if not first.startswith(MARK):
        raise ValueError(f"it does not begin with {MARK!r}")
    described = parse_json(first.removeprefix(MARK))
    version = described["version"]
    if type(version) is not int or version != VERSION:
        raise ValueError(
            f"it has version {version!r}, and this skimitate reads {VERSION}"
        )
    kinds = {"name": str, "n_features": int, "n_outputs": int}
    kinds |= {"remembers": bool, "shows_actions": bool}
    for key, kind in kinds.items():
        if type(described[key]) is not kind:
            raise ValueError(f"its {key} is {described[key]!r}")
    if not re.fullmatch(r"\w+", described["name"], re.ASCII):
        raise ValueError(f"its name is {described['name']!r}")
    if not (
        described["mean_return"] is None or type(described["mean_return"]) is float
    ):
        raise ValueError(f"its mean_return is {described['mean_return']!r}")
    if described["classes"] is not None:
        n_classes = len(read_classes(described["classes"]))
        if n_classes != described["n_outputs"]:
            raise ValueError(f"it has classes of {n_classes} outputs")
    return described


def _compiler() -> list[str]:
    """Return how the compiler is called."""
    told = shlex.split(os.environ.get("CC", ""))
    for command in [told] if told else [[name] for name in _COMPILERS]:
        found = shutil.which(command[0])
        if found:
            return [found, *command[1:]]
    raise FileNotFoundError(
        "a policy in C needs a C compiler: expected one that the variable CC names, or "
        f"one of {', '.join(_COMPILERS)}, got {' '.join(told) or 'none of them'}"
    )


def _compiled(source: str, shim: str) -> ctypes.CDLL:
    """Return the library that a header and what Python calls of it make."""
    command = _compiler()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "policy.h").write_text(source, encoding="ascii")
        (Path(folder) / "shim.c").write_text(shim, encoding="ascii")
        library = Path(folder) / "policy.so"
        done = subprocess.run(
            [*command, *_FLAGS, "shim.c", "-o", str(library)],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode:
            raise ValueError(f"{command[0]} cannot compile it: {done.stderr[:600]}")
        # Once it is loaded the file may go.
        return ctypes.CDLL(str(library))


def _pointer(numbers: NDArray | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if numbers is None else numbers.ctypes.data)
