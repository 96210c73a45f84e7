"""Rollouts as files of ours."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np

from skimitate.environments._columns import REQUIRED, STEPS, check_shapes
from skimitate.files._durable import write_durably
from skimitate.files._npz import open_npz
from skimitate.files._npz_map import map_array
from skimitate.files._npz_writer import write_npz
from skimitate.files._reading import reading


class SavedRollouts:
    """What rollouts have to do with files of ours."""

    feature_names: tuple[str, ...] | None
    _columns: Callable[[], dict[str, Any]]

    def save(self, path: str | Path, *, compress: bool = True) -> None:
        """Write the rollouts as an npz file, without pickles; what is None is left out.

        Parameters
        ----------
        path : str or Path
            Where to, with no ending of ours. A file there is replaced by a whole one.
        compress : bool, default=True
            Whether to compress the file, which takes about 15 times as long. One that
            is not can be read in place, by ``load(path, mmap_mode="r")``.

        Raises
        ------
        OSError
            If it cannot be written, with its path.
        """
        arrays = {n: a for n, a in self._columns().items() if a is not None}
        if self.feature_names is not None:
            arrays["feature_names"] = np.array(self.feature_names)
        write_durably(Path(path), partial(write_npz, arrays=arrays, compress=compress))

    @classmethod
    def load(cls, path: str | Path, *, mmap_mode: Literal["r"] | None = None) -> Self:
        """Read rollouts that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            The npz file.
        mmap_mode : "r" or None, default=None
            ``"r"`` leaves what there is for each step on the disk, from where it comes
            as it is used: for rollouts that are larger than memory, if they were saved
            with ``compress=False``. All is read once to see that it is finite.

        Returns
        -------
        Rollouts

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file does not hold rollouts, is damaged, or unpacks to more than 128
            MiB and 100 times its size; if it is compressed and is to be mapped.
        """
        if mmap_mode not in (None, "r"):
            raise ValueError(f"mmap_mode: expected 'r' or None, got {mmap_mode!r}")
        with reading(path, "saved rollouts"), open_npz(path) as arrays:
            _check_keys(arrays.names, [field.name for field in fields(cast(Any, cls))])
            headers = arrays.headers(arrays.names)  # unpacked, they may be much
            check_shapes({name: header.shape for name, header in headers.items()})
            parts: dict[str, Any] = {
                name: map_array(path, arrays, name)
                if mmap_mode == "r" and name in STEPS
                else arrays[name]
                for name in arrays.names
            }
            return cast(Any, cls)(**{"rewards": None} | parts)


def _check_keys(keys: Sequence[str], known: Sequence[str]) -> None:
    """Raise if a file lacks what all rollouts have, or has what none have."""
    if not set(REQUIRED) <= set(keys):
        raise ValueError(
            f"it has the keys {', '.join(keys) or '(none)'}, and not all of "
            f"{', '.join(REQUIRED)}. If it has one trajectory: "
            "Rollouts.from_trajectories([numpy.load(path)])"
        )
    # A name that is damaged is not to be passed over.
    strange = [key for key in keys if key not in known]
    if strange:
        raise ValueError(
            f"it has the keys {', '.join(strange)} as well, and rollouts have none but "
            f"{', '.join(known)}"
        )
