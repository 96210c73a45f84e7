"""LeRobot's data sets: a folder with Parquet files of steps, and what they are."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from skimitate.exchange._asked import AskedError, names_asked, reading_as_asked
from skimitate.exchange._frames import Columns, records_of
from skimitate.exchange._parquet import check_parquet, read_batches
from skimitate.exchange._record import Record
from skimitate.files._json import parse_json
from skimitate.files._reading import read_bytes

_EXPECTED = "a LeRobot data set"
_VERSIONS = ("v2.0", "v2.1", "v3.0")

# The descriptions of a million episodes.
_MOST_BYTES = 2**28

# What a step's own columns are called beside those that are observed and done.
_EPISODE, _REWARD, _SUCCESS = "episode_index", "next.reward", "next.success"

_NO_NUMBERS = ("video", "image", "string")


class _Episode(NamedTuple):
    """Where the steps of an episode are, as the set tells it."""

    number: int
    n_steps: int
    file: str


def read_lerobot(
    path: str | Path,
    observations: str | Sequence[str] | None,
    actions: str | Sequence[str],
) -> Iterator[Record]:
    """Yield the episodes of a data set, each read when it is asked for.

    Parameters
    ----------
    path : str or Path
        The folder.
    observations : str, sequence of str or None
        Features; None for all whose name begins with ``observation``, where none is a
        video.
    actions : str or sequence of str
        Features.

    Yields
    ------
    Record

    Raises
    ------
    OSError, ValueError, ImportError
        See :meth:`Rollouts.from_lerobot`.
    """
    seen = None if observations is None else names_asked("observations", observations)
    done = names_asked("actions", actions)
    root = Path(path)
    check_parquet("path")
    if not (root / "meta" / "info.json").is_file():
        raise FileNotFoundError(
            f"path: expected the folder of a LeRobot data set, with meta/info.json in "
            f"it, got {path}; of one on the hub, that is what "
            "huggingface_hub.snapshot_download returns"
        )
    with reading_as_asked(root / "meta" / "info.json", _EXPECTED):
        info = _read_info(root)
        features = info["features"]
        columns = Columns(
            _numbers(features, seen, "observations"),
            _numbers(features, done, "actions"),
            _EPISODE,
            rewards=_REWARD if _REWARD in features else None,
            is_success=_SUCCESS if _SUCCESS in features else None,
        )
        columns.check()
    with reading_as_asked(root, _EXPECTED):
        episodes = list(_episodes(root, info))
        if not episodes:
            raise ValueError("it has no episodes")
        told = iter(episodes)
        for record in records_of(_batches(root, episodes, columns), columns):
            yield _as_told(record, next(told, None), root)
        left = next(told, None)
        if left is not None:
            raise ValueError(f"{left.file} has no steps of episode {left.number}")


def _read_info(root: Path) -> dict[str, Any]:
    info = parse_json(read_bytes(root / "meta" / "info.json", _MOST_BYTES).decode())
    if not isinstance(info, dict) or not isinstance(info.get("features"), dict):
        raise ValueError("it does not tell its features")
    version = info.get("codebase_version")
    if version not in _VERSIONS:
        raise ValueError(
            f"it is of the version {version!r}, and those that are read are "
            f"{', '.join(_VERSIONS)}"
        )
    return info


def _numbers(
    features: dict[str, Any], asked: list[str] | None, parameter: str
) -> list[str]:
    """Return the features that are asked for, if they are numbers."""
    kinds = {
        name: feature.get("dtype") if isinstance(feature, dict) else None
        for name, feature in features.items()
    }
    names = asked
    if names is None:
        names = [name for name in kinds if re.match(r"observations?(\.|$)", name)]
        others = [name for name in names if kinds[name] not in _NO_NUMBERS]
        refused = {name: kinds[name] for name in names if name not in others}
        if refused or not others:
            odd = ", ".join(f"{name} is a {kind}" for name, kind in refused.items())
            raise AskedError(
                "observations: expected the names of features to be read, since "
                f"{odd or 'none is called an observation'}, which is not read; those "
                f"with numbers are {others}"
            )
    for name in names:
        if name not in kinds:
            raise AskedError(
                f"{parameter}: expected names of features, got {name!r}; the features "
                f"are {', '.join(kinds)}"
            )
        if kinds[name] in _NO_NUMBERS:
            raise AskedError(
                f"{parameter}: expected features that are numbers, got {name!r}, a "
                f"{kinds[name]}, which is not read"
            )
    return names


def _episodes(root: Path, info: dict[str, Any]) -> Iterator[_Episode]:
    """Yield where each episode is, in order."""
    if info["codebase_version"] == "v3.0":
        yield from _episodes_of_files(root)
        return
    name = "meta/episodes.jsonl"
    per_chunk = _count(info.get("chunks_size", 1000), "chunks_size")
    for line in read_bytes(root / name, _MOST_BYTES).splitlines():
        if line.strip():
            told = parse_json(line.decode())
            number = _count(told["episode_index"], f"{name}: episode_index")
            file = f"data/chunk-{number // per_chunk:03d}/episode_{number:06d}.parquet"
            yield _Episode(number, _count(told["length"], f"{name}: length"), file)


def _episodes_of_files(root: Path) -> Iterator[_Episode]:
    """Yield where version 3 has each episode; it has many in a file."""
    columns = [_EPISODE, "length", "data/chunk_index", "data/file_index"]
    for path in sorted((root / "meta" / "episodes").glob("chunk-*/file-*.parquet")):
        name = path.relative_to(root).as_posix()
        for batch in read_batches(root, name, columns):
            for row in batch.to_pylist():
                number, n_steps, chunk, file = (
                    _count(row[column], f"{name}: {column}") for column in columns
                )
                place = f"data/chunk-{chunk:03d}/file-{file:03d}.parquet"
                yield _Episode(number, n_steps, place)


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"expected a whole number as {name}, got {value!r}")
    return value


def _batches(root: Path, episodes: list[_Episode], columns: Columns) -> Iterator[Any]:
    """Yield the steps of all files, each of which is read once."""
    others = columns.rewards, columns.is_success
    names = [
        *columns.chosen("observations"),
        *columns.chosen("actions"),
        _EPISODE,
        *(str(name) for name in others if name is not None),
    ]
    for file, _ in groupby(episodes, itemgetter(2)):
        yield from read_batches(root, file, names)


def _as_told(record: Record, told: _Episode | None, root: Path) -> Record:
    """Return an episode under its number, if it is the one that the set tells of."""
    n_steps = len(record.parts["actions"][1])
    found = record.where.rpartition(" ")[2]
    if told is None or (found, n_steps) != (str(told.number), told.n_steps):
        expected = "no more" if told is None else f"{told.n_steps} of {told.number}"
        raise ValueError(
            f"expected {expected} in {told.file if told else 'its files'}, got "
            f"{n_steps} steps of episode {found}"
        )
    return record._replace(where=f"{root}: episode {found}")
