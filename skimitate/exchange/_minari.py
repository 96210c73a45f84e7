"""Minari's data sets, opened and written by Minari itself."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skimitate.files._durable import part_of
from skimitate.files._reading import is_of_content, reading, reason_of, with_path

# Ids are listed up to so many.
_MOST_LISTED = 20

_EXPECTED = "a Minari data set"

# What is written here or by Minari, and nobody tells.
_ITS_OWN = (
    "action_space",
    "data_format",
    "dataset_id",
    "dataset_size",
    "env_spec",
    "jpeg_encoding",
    "minari_version",
    "observation_space",
    "total_episodes",
    "total_steps",
)

# What is told of them is a list, or a single text.
_PEOPLE = ("author", "author_email")


def open_minari(dataset: Any, *, download: bool) -> Any:
    """Return a data set of Minari's.

    Parameters
    ----------
    dataset : str, Path or MinariDataset
        Its id, the folder ``data`` of it, or itself.
    download : bool
        Whether to fetch an id that is not here.

    Returns
    -------
    MinariDataset

    Raises
    ------
    TypeError
        If it is nothing of the kind.
    FileNotFoundError
        If there is none of that id.
    ValueError
        If the id is none, or what is there is damaged.
    ImportError
        If Minari is not installed.
    """
    if hasattr(dataset, "iterate_episodes") and hasattr(dataset, "observation_space"):
        return dataset
    if not isinstance(dataset, (str, Path)):
        raise TypeError(
            "dataset: expected the id of a Minari data set, its folder or itself, got "
            f"{type(dataset).__name__}"
        )
    minari = _minari("dataset")
    if isinstance(dataset, Path):
        with reading(dataset, _EXPECTED):
            return minari.MinariDataset(dataset)
    _check_id(dataset, "dataset")
    place = _place_of(dataset)
    if not (place / "data").exists() and not download:
        here = list(minari.list_local_datasets())
        listed = ", ".join(here[:_MOST_LISTED]) or "none"
        raise FileNotFoundError(
            f"dataset: expected a data set that is here, got {dataset!r}; in "
            f"{_place_of('')} there are {listed}; download=True fetches others, and so "
            f"does the command: minari download {dataset}"
        )
    if not (place / "data").exists():
        minari.download_dataset(dataset)
    with reading(place, _EXPECTED):
        return minari.load_dataset(dataset)


def read_minari(dataset: Any) -> Iterator[Any]:
    """Yield the episodes of a data set that is open, each as it is asked for.

    Parameters
    ----------
    dataset : MinariDataset
        From :func:`open_minari`.

    Yields
    ------
    EpisodeData

    Raises
    ------
    ValueError
        If its files are damaged.
    """
    with reading(dataset.spec.data_path, _EXPECTED):
        yield from dataset.iterate_episodes()


def write_minari(
    dataset_id: str,
    episodes: Iterable[Mapping[str, Any]],
    *,
    spaces: tuple[Any, Any],
    env_spec: Any,
    metadata: Mapping[str, Any],
) -> None:
    """Write a data set where Minari looks for them, whole or not at all.

    Parameters
    ----------
    dataset_id : str
        What it is to be called.
    episodes : iterable of mapping
        What Minari's ``EpisodeBuffer`` takes.
    spaces : (gymnasium.Space, gymnasium.Space)
        Of observations and actions.
    env_spec : gymnasium.envs.registration.EnvSpec or None
        What they come from.
    metadata : mapping of str to object
        What else is told of it.

    Raises
    ------
    TypeError
        If the id is no text, or what is told no mapping.
    ValueError
        If the id is none, or is taken, or what is told is not taken by Minari.
    OSError
        If it cannot be written.
    ImportError
        If Minari is not installed.
    """
    minari = _minari("dataset_id")
    _check_id(dataset_id, "dataset_id")
    _check_metadata(metadata)
    place = _place_of(dataset_id)
    if place.exists():
        raise ValueError(
            f"dataset_id: expected an id that is not taken, got {dataset_id!r}, which "
            f"is in {place}"
        )
    # Beside all others, in a folder that Minari does not list.
    part = part_of(_place_of("") / place.name)
    with _removed_in_the_end(part, place):
        _write(minari, part / "data", episodes, spaces, env_spec)
        _describe(minari, part / "data", dataset_id, metadata)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(part, place)


def _write(
    minari: Any,
    folder: Path,
    episodes: Iterable[Mapping[str, Any]],
    spaces: tuple[Any, Any],
    env_spec: Any,
) -> None:
    from minari.data_collector import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage

    folder.mkdir(parents=True)
    storage = MinariStorage.new(
        folder, observation_space=spaces[0], action_space=spaces[1], env_spec=env_spec
    )
    storage.update_episodes(EpisodeBuffer(**episode) for episode in episodes)


def _describe(
    minari: Any, folder: Path, dataset_id: str, metadata: Mapping[str, Any]
) -> None:
    from minari.dataset.minari_storage import MinariStorage

    about = {"dataset_id": dataset_id, "minari_version": minari.__version__}
    people = {
        name: {told} if isinstance(told, str) else {*told}
        for name, told in metadata.items()
        if name in _PEOPLE and isinstance(told, (str, list, tuple, set))
    }
    try:
        MinariStorage.read(folder).update_metadata({**metadata, **people, **about})
    except (AssertionError, TypeError):
        raise ValueError(
            "metadata: expected what Minari takes, texts for the most part and lists "
            f"of people, got {dict(metadata)!r}"
        ) from None


@contextmanager
def _removed_in_the_end(part: Path, place: Path) -> Iterator[None]:
    """Leave nothing behind but what was put in place."""
    try:
        yield
    except OSError as error:
        if is_of_content(error):  # h5py's, of a full disk for one
            raise OSError(f"{place}: {reason_of(error)}") from error
        raise with_path(error, place) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _minari(parameter: str) -> Any:
    try:
        import minari
    except ImportError:
        raise ImportError(
            f"{parameter}: expected Minari to be installed: pip install "
            "'skimitate[minari]'"
        ) from None
    return minari


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, Mapping):
        raise TypeError(
            f"metadata: expected a dict of what is told, got {type(metadata).__name__}"
        )
    own = sorted(set(metadata) & set(_ITS_OWN))
    if own:
        raise ValueError(
            f"metadata: expected what nobody else knows, got {own[0]!r}, which is "
            "worked out"
        )


def _check_id(dataset_id: Any, parameter: str) -> None:
    from minari.dataset.minari_dataset import DATASET_ID_RE

    if not isinstance(dataset_id, str):
        raise TypeError(
            f"{parameter}: expected an id such as 'group/name-v0', got "
            f"{type(dataset_id).__name__}"
        )
    match = DATASET_ID_RE.fullmatch(dataset_id)
    if match is None or match.group("version") is None:
        raise ValueError(
            f"{parameter}: expected an id of the form name-v0 or group/name-v0, of "
            f"letters, digits, - and _, two at least in a group, got {dataset_id!r}"
        )


def _place_of(dataset_id: str) -> Path:
    from minari.storage import get_dataset_path

    return Path(get_dataset_path(dataset_id))
