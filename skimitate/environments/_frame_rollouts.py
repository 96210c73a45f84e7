"""Rollouts from data frames, and as data frames."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._records import in_chunks, joined
from skimitate.exchange._frames import Columns, check_pieces, records_of
from skimitate.exchange._to_frame import check_library, make_frame


class FrameRollouts:
    """What rollouts have to do with data frames."""

    observations: NDArray
    actions: NDArray
    rewards: NDArray[np.float64] | None
    episode_ids: NDArray[np.int64]
    terminated: NDArray[np.bool_] | None
    truncated: NDArray[np.bool_] | None
    is_success: NDArray[np.bool_] | None
    feature_names: tuple[str, ...] | None

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        observations: Hashable | Iterable[Hashable],
        actions: Hashable | Iterable[Hashable],
        episode: Hashable | None,
        rewards: Hashable | None = None,
        terminated: Hashable | None = None,
        truncated: Hashable | None = None,
        is_success: Hashable | None = None,
    ) -> Self:
        """Read a table with a row for each step, as of a CSV or a Parquet file.

        Parameters
        ----------
        frame : data frame
            Of pandas, polars or PyArrow; anything that has Arrow's C stream
            (``__arrow_c_stream__``: DuckDB, cuDF) or the dataframe interchange protocol
            (``__dataframe__``), which takes PyArrow; or a dict of arrays. The rows of
            an episode follow each other, in the order of its steps.
        observations : str or list of str
            Columns of numbers; or of lists, or arrays, of as many numbers each. They
            become one float each of a row: float32 stays, other types become float64.
            ``feature_names`` tells where each came from: ``"speed"``, or ``"pose[2]"``
            of a list.
        actions : str or list of str
            Likewise. Where all are whole numbers they stay so: classes, as of a
            Discrete space if it is a single column.
        episode : str or None
            Column with the number or the name of the episode. None if all rows are of
            one.
        rewards : str or None, default=None
            Column of what each step earned.
        terminated, truncated : str or None, default=None
            Column that tells how an episode ended: True or 1 in its last row, and in no
            other.
        is_success : str or None, default=None
            Column whose value in an episode's last row tells whether it succeeded.

        Returns
        -------
        Rollouts
            With the episodes numbered from 0, in the order of the frame; without
            ``last_observations``, which a row for each step does not tell.

        Raises
        ------
        TypeError
            If this is no data frame, or one that has not been read yet; or if what
            names a column is no name, as a list of several that tell the episode.
        ValueError
            If a column is not there, is there twice or is named for two things, holds
            texts, gaps, NaN or lists of several lengths; if the rows of an episode are
            not together; or if there are none. It begins with the parameter.
        ImportError
            If the frame takes PyArrow, which is not installed.

        Examples
        --------
        >>> import pandas as pd
        >>> from skimitate import Rollouts
        >>> log = pd.DataFrame(
        ...     {
        ...         "run": ["a", "a", "b"],
        ...         "angle": [0.1, 0.2, 0.3],
        ...         "speed": [1.0, 0.9, 0.8],
        ...         "torque": [-0.5, 0.0, 0.5],
        ...     }
        ... )
        >>> demos = Rollouts.from_frame(
        ...     log, observations=["angle", "speed"], actions="torque", episode="run"
        ... )
        >>> demos
        Rollouts(n_episodes=2, n_steps=3, n_features=2, n_outputs=1)
        >>> demos.feature_names
        ('angle', 'speed')
        """
        columns = Columns(
            observations, actions, episode, rewards, terminated, truncated, is_success
        )
        return cast(Any, cls)(**joined(records_of([frame], columns), "frame"))

    @classmethod
    def iter_frames(
        cls,
        frames: Iterable[Any],
        *,
        n_steps: int = 100_000,
        observations: Hashable | Iterable[Hashable],
        actions: Hashable | Iterable[Hashable],
        episode: Hashable | None,
        rewards: Hashable | None = None,
        terminated: Hashable | None = None,
        truncated: Hashable | None = None,
        is_success: Hashable | None = None,
    ) -> Iterator[Self]:
        """Read a table larger than memory, piece by piece.

        An episode that goes on in the next piece stays whole.

        Parameters
        ----------
        frames : iterable of data frame
            The pieces, in order: ``pandas.read_csv(path, chunksize=10_000)``,
            ``pyarrow.parquet.ParquetFile(path).iter_batches()``.
        n_steps : int, default=100_000
            So many steps at least are in each of the rollouts, but for the last.
        observations, actions, episode, rewards, terminated, truncated, is_success
            Columns: see :meth:`from_frame`.

        Returns
        -------
        iterator of Rollouts
            Of whole episodes, numbered from 0 in each.

        Raises
        ------
        TypeError
            If ``frames`` are no iterable, or a frame itself.
        TypeError, ValueError, ImportError
            As from :meth:`from_frame`, when the piece is reached that is not as
            expected.

        Examples
        --------
        >>> from skimitate import Rollouts
        >>> pieces = [
        ...     {"run": [0, 0, 1], "angle": [0.1, 0.2, 0.3], "torque": [0.5, 0.4, 0.3]},
        ...     {"run": [1, 2], "angle": [0.4, 0.5], "torque": [0.2, 0.1]},
        ... ]
        >>> chunks = Rollouts.iter_frames(
        ...     pieces, n_steps=4, observations="angle", actions="torque", episode="run"
        ... )
        >>> [chunk.lengths.tolist() for chunk in chunks]
        [[2, 2], [1]]
        """
        columns = Columns(
            observations, actions, episode, rewards, terminated, truncated, is_success
        )
        check_pieces(frames)
        chunks = in_chunks(records_of(frames, columns), n_steps, "frames")
        return (cast(Any, cls)(**chunk) for chunk in chunks)

    def to_frame(
        self, *, library: Literal["pandas", "polars", "pyarrow"] = "pandas"
    ) -> Any:
        """Return the steps as a data frame, a row each.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, default="pandas"
            Whose.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            With the columns ``episode``; those of the observations by their
            ``feature_names``, or ``observation_0``, ``observation_1`` and so on;
            ``action_0`` and so on, or ``action`` where each is one class; and what is
            known of ``reward``, ``terminated``, ``truncated`` and ``is_success``, which
            are True in the last row of an episode alone. :meth:`from_frame` reads it.
            ``last_observations`` and ``action_noise`` have no row and are left out.

        Raises
        ------
        ValueError
            If the library is another, or a feature is called as one of the columns.
        ImportError
            If the library is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from skimitate import Rollouts
        >>> rollouts = Rollouts(np.eye(2), np.ones((2, 1)), None, np.array([0, 1]))
        >>> rollouts.to_frame()
           episode  observation_0  observation_1  action_0
        0        0            1.0            0.0       1.0
        1        1            0.0            1.0       1.0
        """
        check_library(library)
        columns: dict[str, NDArray] = {"episode": self.episode_ids}
        n_features = self.observations.shape[1]
        names = self.feature_names or [f"observation_{i}" for i in range(n_features)]
        seen = zip(names, self.observations.T, strict=True)
        if self.actions.ndim == 1:
            done = [("action", self.actions)]
        else:
            done = [(f"action_{i}", a) for i, a in enumerate(self.actions.T)]
        for name, column in [*seen, *done, *self._ends()]:
            if name in columns:
                raise ValueError(
                    "feature_names: expected names that the other columns do not have, "
                    f"got {name!r} twice"
                )
            columns[name] = column
        return make_frame(columns, library)

    def _ends(self) -> Iterator[tuple[str, NDArray]]:
        """Yield what is known of the steps beside what was seen and done."""
        if self.rewards is not None:
            yield "reward", self.rewards
        last = np.flatnonzero(np.diff(self.episode_ids, append=-1))
        for name in ("terminated", "truncated", "is_success"):
            flags = getattr(self, name)
            if flags is not None:
                steps = np.zeros(len(self.episode_ids), dtype=bool)
                steps[last] = flags
                yield name, steps
