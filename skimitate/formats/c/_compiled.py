"""Policies in C, compiled on the way: what ``export_c`` wrote acts in Python."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if

from skimitate.cloning._classes import Classes
from skimitate.files._reading import read_bytes, reading
from skimitate.formats._classes import read_classes
from skimitate.formats.c._comment import description_of
from skimitate.formats.c._compiler import compiled
from skimitate.formats.c._numbers import kind_of_actions, table_of_classes
from skimitate.policies._as_policy import Policy, policy_of

_MOST_BYTES = 256 * 2**20
# What Python calls: a batch of episodes side by side, of each a state. Words in
# capitals are filled in. None of its names may be one of the header's, which begin with
# a name that may be any and go on as export_c's do.
_SHIM = """
#include "policy.h"
#include <stddef.h>

/* A header that was changed by hand does not compile: arrays would be too short. */
typedef char widths_as_told[
    NAME_n_observations == FEATURES && NAME_n_actions == OUTPUTS ? 1 : -1];

size_t size_of_state(void) { return SIZE; }

void act_side_by_side(void *states, const unsigned char *begins,
    const float *observations, size_t n, KIND *actions)
{
    STATE
    for (size_t i = 0; i < n; i++) {
        RESET
        NAME_act(MEMORYobservations + i * NAME_n_observations,
            actions + i * NAME_n_actions);
    }
}

void did_side_by_side(void *states, size_t n, const KIND *actions)
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
        described = description_of(source)
        self.name: str = described["name"]
        self.n_features: int = described["n_features"]
        self.n_outputs: int = described["n_outputs"]
        self.is_stateful: bool = described["remembers"]
        self.mean_return: float | None = described["mean_return"]
        listed = described["classes"]
        self.classes = None if listed is None else read_classes(listed)
        self._tables = [table_of_classes(one)[1] for one in self.classes or []]
        self._kind = kind_of_actions(self.classes)
        self._dtype = np.dtype(np.int32 if self._kind == "int32_t" else np.float32)
        # A part of the library, which stays loaded as long as one of them is there.
        library = compiled(source, self._shim(described["shows_actions"]))
        library.size_of_state.restype = ctypes.c_size_t
        self._size: int = library.size_of_state()
        self._act, self._did = library.act_side_by_side, library.did_side_by_side
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self._act.argtypes = [pointer, pointer, pointer, size, pointer]
        self._did.argtypes = [pointer, size, pointer]
        self._state: NDArray[np.uint8] | None = None

    def _shim(self, shows_actions: bool) -> str:
        words = {"STATE": "(void)states;", "SIZE": "0", "RESET": "(void)begins;"}
        words |= {"MEMORY": "", "DID": "(void)actions;"}
        words |= {"FEATURES": str(self.n_features), "OUTPUTS": str(self.n_outputs)}
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

    @property
    def can_restart(self) -> bool:
        """Whether it takes :meth:`restart`."""
        return self.is_stateful

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Begin some episodes of those that it acts in side by side.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which rows of the batches that follow begin with the next one. All of them
            do after :meth:`reset`.
        """
        if self._state is not None:
            self._state[rows] = 0  # with which an episode begins, says the header

    def did(self, action: ArrayLike, rows: NDArray[np.intp] | None = None) -> None:
        """Tell the policy, if it wants to know, that something else was done.

        Parameters
        ----------
        action : array-like of shape (n_outputs,) or (n, n_outputs)
            What was done at the last step in place of its own action.
        rows : ndarray of shape (n,) or None, default=None
            In which of the episodes side by side; None for all.

        Raises
        ------
        ValueError
            If no step has been, or the action has another shape.
        """
        if not self.is_stateful:
            return
        if self._state is None:
            raise ValueError("action: expected a step before it, got the start")
        states = self._state if rows is None else self._state[rows]
        n = len(states)
        actions = self._given(np.reshape(action, (n, self.n_outputs)))
        self._did(_pointer(states), n, actions.tobytes())
        if rows is not None:
            self._state[rows] = states

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
        rows: NDArray = np.asarray(observation, dtype=np.float32)
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
        actions = np.empty((*rows.shape[:-1], self.n_outputs), dtype=self._dtype)
        begun = None if begins is None else begins.tobytes()
        # What is only read goes as bytes, by far the quickest way to the numbers.
        self._act(_pointer(state), begun, rows.tobytes(), n, _pointer(actions))
        return (
            actions.astype(np.float64)
            if self.classes is None
            else self._labels(self.classes, actions)
        )

    def _labels(self, classes: list[NDArray], actions: NDArray) -> NDArray:
        """Return the classes that actions in C are."""
        codes = np.empty(actions.shape, dtype=np.intp)
        for output, values in enumerate(self._tables):
            given = actions[..., output]
            codes[..., output] = (
                given if values is None else np.searchsorted(values, given)
            )
        return Classes(classes).labels(codes)

    def _given(self, actions: NDArray) -> NDArray:
        """Return actions in C of numbers, or of classes: of unknown ones, none."""
        if self.classes is None or self._tables[0] is not None:
            return np.asarray(actions, dtype=self._dtype)
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
        description_of(source)
    try:
        return CompiledPolicy(source)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _pointer(numbers: NDArray | None) -> Any:
    """Return where numbers are that are written to, sooner than NumPy tells it."""
    if numbers is None or not numbers.nbytes:
        return None
    return ctypes.byref(ctypes.c_char.from_buffer(numbers))
