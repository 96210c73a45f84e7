"""Policies that ONNX files hold, of skimitate's and of others."""

import math
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate.files._json import parse_json
from skimitate.files._reading import read_bytes, reading
from skimitate.formats.onnx._model import KEY
from skimitate.formats.onnx._nodes import needing_onnx
from skimitate.formats.onnx._session import check_self_contained, session_of
from skimitate.formats.onnx._signature import signature_of
from skimitate.policies._as_policy import Policy, policy_of

# Of a file, as far as a policy goes.
_MOST_BYTES = 2**29


class OnnxPolicy:
    """A policy that onnxruntime computes, on one thread.

    :func:`skimitate.load_expert` makes one of a file.

    Parameters
    ----------
    content : bytes
        Of an ONNX file that :func:`skimitate.export_onnx` wrote, or of another one from
        observations (batch, n_features) of float32 or float64 to its first output, or
        to one that is called ``action``. The batch may have any size, or be 1.

    Attributes
    ----------
    n_features, n_outputs : int
        Number of observation and of action dimensions.
    state_size : int
        How many numbers are remembered of an episode; 0 without a memory.
    mean_return : float or None
        What an episode of the policy earns on average, if the file says so.

    Raises
    ------
    ValueError
        If it is no policy, or would have other files read.
    ImportError
        If ONNX is not installed: ``pip install 'skimitate[onnx]'``.
    """

    def __init__(self, content: bytes) -> None:
        with needing_onnx("policy"):
            import onnx

        model = onnx.load_model_from_string(content)
        check_self_contained(model)
        self.mean_return = _mean_return(model)
        self._content = content
        self._session = session_of(content)
        self._signature = signature_of(self._session)
        self.n_features = self._signature.n_features
        self.state_size = self._signature.state_size
        self._names = [self._signature.action]
        if self.state_size:
            self._names.append("next_state")
        self._state: NDArray[np.float32] | None = None
        self._begins: NDArray[np.bool_] | None = None
        self.n_outputs = 1  # or as many as a first answer has
        self.n_outputs = self.predict(np.zeros((1, self.n_features)))[0].shape[1]
        self.predict(np.zeros((3, self.n_features)))  # of a batch, before it is needed

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file; no code that is in it is run.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        OnnxPolicy

        Raises
        ------
        ValueError
            If it is no policy as ONNX; with its path.
        OSError
            If it cannot be read.
        ImportError
            If ONNX is not installed: ``pip install 'skimitate[onnx]'``.
        """
        with needing_onnx(str(path)):
            import onnx  # noqa: F401 - before the file is blamed
            import onnxruntime  # noqa: F401 - as well
        with reading(path, "a policy as ONNX"):
            return cls(read_bytes(path, _MOST_BYTES))

    @property
    def content(self) -> bytes:
        """The file, which tells policies apart."""
        return self._content

    @property
    def is_stateful(self) -> bool:
        """Whether it may remember what it saw earlier in an episode."""
        return self.state_size > 0

    def reset(self) -> None:
        """Begin an episode, or several side by side: forget the last one."""
        self._state = None
        self._begins = None

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
        self._begins = np.array(rows)

    def act(self, observation: ArrayLike) -> NDArray:
        """Return the action for an observation, or those for a batch.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Raw observations, in the units of the environment. With a memory, row i of a
            batch is the next observation of episode i.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)
            Float64, or classes.

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than before.
        """
        actions, self._state = self.predict(observation, self._state, self._begins)
        self._begins = None
        return actions

    __call__ = act

    def predict(
        self,
        observation: ArrayLike,
        state: NDArray | None = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, NDArray[np.float32] | None]:
        """Return actions and what is to be remembered, which this object does not.

        This is the form that stable-baselines3 has.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            See :meth:`act`.
        state : ndarray of shape (state_size,) or (n, state_size), default=None
            What the last call returned; None at the start of episodes.
        episode_start : array-like of shape (n,) or bool, default=None
            Which of the episodes begin here, whatever the state says.
        deterministic : bool, default=True
            Makes no difference.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
        state : ndarray of shape (state_size,) or (n, state_size), or None
            None without a memory.

        Raises
        ------
        ValueError
            See :meth:`act`.
        """
        x, batch = self._batch(observation)
        if self._signature.takes_one and len(batch) != 1:
            return self._one_by_one(batch), None
        feed = {self._signature.observation: batch}
        if self.state_size:
            feed |= self._told(x, state, episode_start)
        found = self._run(feed)
        if x.ndim == 1:
            found = [rows[0] for rows in found]
        return found[0], found[1] if self.state_size else None

    def _batch(self, observation: ArrayLike) -> tuple[NDArray, NDArray]:
        """Return observations as they came and as a batch, of the graph's type."""
        x: NDArray = np.asarray(observation, dtype=self._signature.dtype)
        if x.ndim not in (1, 2) or x.shape[-1] != self._signature.n_features:
            n = self._signature.n_features
            raise ValueError(
                f"observation: expected shape ({n},) or (n, {n}), got {x.shape}"
            )
        return x, x if x.ndim == 2 else x[np.newaxis]

    def _told(
        self, x: NDArray, state: NDArray | None, episode_start: ArrayLike | None
    ) -> dict[str, NDArray]:
        """Return what a graph with a memory takes beside observations."""
        n = len(x) if x.ndim == 2 else 1
        begins = np.full(n, state is None)
        if state is None:
            state = np.zeros((n, self.state_size), dtype=np.float32)
        elif state.shape != (*x.shape[:-1], self.state_size):
            known = len(state) if state.ndim == 2 else 1
            raise ValueError(
                f"observation: expected a batch of {known}, one for each episode that "
                f"goes on, got {n} (reset() begins others)"
            )
        if episode_start is not None:
            begins = begins | np.asarray(episode_start, dtype=bool)
        return {
            "state": state.reshape(n, self.state_size).astype(np.float32, copy=False),
            "episode_start": begins,
        }

    def _run(self, feed: dict[str, NDArray]) -> list[NDArray]:
        """Return what the graph gives: actions, and with a memory the next state."""
        found = self._session.run(self._names, feed)
        n = len(next(iter(feed.values())))
        for state in found[1:]:
            if np.shape(state) != (n, self.state_size):
                raise ValueError(
                    f"next_state: expected shape {(n, self.state_size)}, got "
                    f"{np.shape(state)}"
                )
        return [self._actions(found[0], n), *found[1:]]

    def _one_by_one(self, batch: NDArray) -> NDArray:
        """Return actions of a graph that takes one observation at a time."""
        name = self._signature.observation
        answers = [self._run({name: row[np.newaxis]})[0] for row in batch]
        if answers:
            return np.concatenate(answers)
        none = np.zeros((1, self.n_features), dtype=batch.dtype)
        return self._run({name: none})[0][:0]

    def _actions(self, found: Any, n: int) -> NDArray:
        """Return what a graph gave, a row for each observation."""
        actions = np.asarray(found)
        if actions.ndim == 2 and actions.shape[1] == 1 and len(actions) % (n or 1) == 0:
            # As skl2onnx writes a network of scikit-learn's with several outputs.
            actions = actions.reshape(n, -1 if n else self.n_outputs)
        if actions.ndim not in (1, 2) or len(actions) != n:
            raise ValueError(
                f"{self._signature.action}: expected actions of shape ({n}, n_outputs) "
                f"for a batch of {n}, got {actions.shape}"
            )
        if actions.dtype.kind == "O":
            texts = np.array(actions.tolist(), dtype=str)
            actions = texts.reshape(actions.shape)
        elif actions.dtype.kind == "f":
            actions = actions.astype(np.float64)
        return actions if actions.ndim == 2 else actions[:, np.newaxis]

    def __reduce__(self) -> tuple[Any, ...]:
        # A session is made anew; what is remembered of an episode is not kept.
        return OnnxPolicy, (self._content,)

    def __repr__(self) -> str:
        widths = f"n_features={self.n_features}, n_outputs={self.n_outputs}"
        return f"{type(self).__name__}({widths})"


@policy_of.register
def _of_policy(actor: OnnxPolicy) -> Policy:
    return actor


def _mean_return(model: Any) -> float | None:
    """Return what an episode earns on average, if a file of ours says so."""
    for entry in model.metadata_props:
        if entry.key == KEY:
            told = parse_json(entry.value)
            if type(told) is not dict:
                raise ValueError(f"its {KEY} is no description, but {told!r}")
            told = told["mean_return"]
            if type(told) in (int, float) and math.isfinite(told):
                return float(told)
    return None
