"""Rollouts from the files of robomimic and LeRobot."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, cast

from skimitate.environments._records import in_chunks, joined
from skimitate.exchange._lerobot import read_lerobot
from skimitate.exchange._robomimic import read_robomimic


class RobotRollouts:
    """What rollouts have to do with robots' files."""

    @classmethod
    def from_robomimic(
        cls,
        path: str | Path,
        *,
        observations: str | Sequence[str] | None = None,
        mask: str | None = None,
    ) -> Self:
        """Read demonstrations of robomimic's (its versions 0.1 to 0.5): an HDF5 file.

        Parameters
        ----------
        path : str or Path
            The file, with a group ``data/demo_0`` and so on for each demonstration. A
            raw one of robosuite's has no ``obs`` yet: robomimic's
            ``dataset_states_to_obs.py`` adds them.
        observations : str, sequence of str or None, default=None
            What is read of ``obs``, in this order: ``["object", "robot0_eef_pos"]``.
            None for all, where none is an image.
        mask : str or None, default=None
            Filter key, ``"train"`` for one, that names the demonstrations to read. None
            for all.

        Returns
        -------
        Rollouts
            With the demonstrations in the order of their numbers, and feature names
            such as ``robot0_eef_pos[2]``. ``last_observations`` are from ``next_obs``,
            where the file has that. ``dones`` are passed over: they mark success or the
            end, as the file was made, and tell neither from a time limit.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is none of these or damaged, which the path begins; if what is named
            by ``observations`` or ``mask`` is not there, or is an image.
        ImportError
            If h5py is not installed: ``pip install 'skimitate[robomimic]'``.

        Examples
        --------
        >>> from skimitate import Rollouts
        >>> demos = Rollouts.from_robomimic("low_dim.hdf5")  # doctest: +SKIP
        """
        return cast(Any, cls)(
            **joined(read_robomimic(path, observations, mask), str(path))
        )

    @classmethod
    def iter_robomimic(
        cls,
        path: str | Path,
        *,
        n_steps: int = 100_000,
        observations: str | Sequence[str] | None = None,
        mask: str | None = None,
    ) -> Iterator[Self]:
        """Read demonstrations of robomimic's that are larger than memory.

        Parameters
        ----------
        path : str or Path
            See :meth:`from_robomimic`.
        n_steps : int, default=100_000
            So many steps at least are in each of the rollouts, but for the last. One
            demonstration is in memory beside them.
        observations, mask
            See :meth:`from_robomimic`.

        Returns
        -------
        iterator of Rollouts
            Of whole demonstrations, numbered from 0 in each.

        Raises
        ------
        ValueError, OSError, ImportError
            As from :meth:`from_robomimic`, when it is reached what is not as expected.
        """
        chunks = in_chunks(read_robomimic(path, observations, mask), n_steps, str(path))
        return (cast(Any, cls)(**chunk) for chunk in chunks)

    @classmethod
    def from_lerobot(
        cls,
        path: str | Path,
        *,
        observations: str | Sequence[str] | None = None,
        actions: str | Sequence[str] = "action",
    ) -> Self:
        """Read the numbers of a data set of LeRobot's (its formats 2.0, 2.1 and 3.0).

        Parameters
        ----------
        path : str or Path
            The folder, with ``meta/info.json`` in it.
        observations : str, sequence of str or None, default=None
            Features that are read, in this order: ``"observation.state"``. None for all
            that are called ``observation`` and so on, where none of them is a video or
            an image, which are not read.
        actions : str or sequence of str, default="action"
            Features.

        Returns
        -------
        Rollouts
            With feature names such as ``observation.state[2]``; ``rewards`` from
            ``next.reward`` and ``is_success`` from ``next.success``, where the set has
            them. ``next.done`` is passed over: it does not tell an end from a time
            limit.

        Raises
        ------
        FileNotFoundError
            If there is no such set.
        ValueError
            If it is none, of another version or damaged, which the path begins; if a
            feature is not there, or is a video.
        ImportError
            If PyArrow is not installed: ``pip install 'skimitate[lerobot]'``.

        Examples
        --------
        >>> from skimitate import Rollouts
        >>> demos = Rollouts.from_lerobot(
        ...     "pusht", observations="observation.state"
        ... )  # doctest: +SKIP
        """
        return cast(Any, cls)(
            **joined(read_lerobot(path, observations, actions), str(path))
        )

    @classmethod
    def iter_lerobot(
        cls,
        path: str | Path,
        *,
        n_steps: int = 100_000,
        observations: str | Sequence[str] | None = None,
        actions: str | Sequence[str] = "action",
    ) -> Iterator[Self]:
        """Read a data set of LeRobot's that is larger than memory, piece by piece.

        Parameters
        ----------
        path : str or Path
            See :meth:`from_lerobot`.
        n_steps : int, default=100_000
            So many steps at least are in each of the rollouts, but for the last.
        observations, actions
            See :meth:`from_lerobot`.

        Returns
        -------
        iterator of Rollouts
            Of whole episodes, numbered from 0 in each.

        Raises
        ------
        ValueError, OSError, ImportError
            As from :meth:`from_lerobot`, when it is reached what is not as expected.
        """
        chunks = in_chunks(
            read_lerobot(path, observations, actions), n_steps, str(path)
        )
        return (cast(Any, cls)(**chunk) for chunk in chunks)
