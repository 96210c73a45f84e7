"""What DAgger keeps of a run, for the fuzzer: valid files, and who reads them."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from skimitate import BehaviorCloner, DAggerRegressor
from skimitate.dagger._round_files import pending_in
from skimitate.files._reading import reading
from skimitate.formats._estimator_bytes import format_of


def kept_files(prefix: str, path: Path) -> list[bytes]:
    """Return what DAgger keeps of a run in files whose names begin so."""
    with TemporaryDirectory() as folder:
        DAggerRegressor(
            BehaviorCloner((4,), max_iter=1),
            env="Pendulum-v1",
            expert=lambda observations: -observations[:, :1],
            n_rounds=2,
            n_epochs_per_round=1,
            n_eval_episodes=1,
            max_steps=5,
            query=2,
            checkpoint_dir=folder,
            random_state=0,
        ).fit()
        return [path.read_bytes() for path in sorted(Path(folder).glob(f"{prefix}*"))]


def use_kept(parse: Callable[[bytes], Any], path: Path) -> None:
    """Read a file as a run that goes on does, but for its checksum."""
    with reading(path, "a part of a run"):
        parse(path.read_bytes())


def use_visited(content: bytes) -> None:
    """Read what was visited in a round, and what was asked about it."""
    pending = pending_in(content)
    assert len(pending.questions.ids) == len(pending.rows)


def use_learner(content: bytes) -> None:
    """Read a cloner, and let it predict."""
    learner = format_of(BehaviorCloner()).load(content)
    if not isinstance(learner, BehaviorCloner):
        raise ValueError("it is another estimator")
    learner.predict(np.zeros((2, 3)))
