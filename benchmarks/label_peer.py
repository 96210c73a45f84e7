"""The peer of the benchmark of labels, as what is followed round by round."""

from pathlib import Path
from typing import Any

from imitation_peer import ImitationPeer
from label_run import EXPERT_SEED, N_EXPERT_EPISODES, Level
from label_settings import PeerSetting


class ImitationDagger:
    """imitation's ``SimpleDAggerTrainer`` on Hopper-v4, in its own process.

    Parameters
    ----------
    peer : ImitationPeer
        The process.
    expert : Path
        npz file of the expert.
    setting : PeerSetting
        How it runs.
    seed : int
        Of everything but the episodes that measure it.

    Attributes
    ----------
    level : Level
        What the expert earns in the peer's version of the environment.
    """

    def __init__(
        self,
        peer: ImitationPeer,
        expert: Path,
        setting: PeerSetting,
        seed: int,
    ) -> None:
        self.peer = peer
        self.n_labels = 0
        peer.ask(do="start", expert=str(expert), seed=seed, as_ours=setting.as_ours)
        self.level = Level.of(
            self._returns(N_EXPERT_EPISODES, EXPERT_SEED, of="expert")
        )
        self.most = self.level.best / self.level.mean
        # Its learner is untrained before the first round, in which the expert drives.
        self.advance()

    def advance(self) -> None:
        """Collect, label and train."""
        self.n_labels = self.peer.ask(do="round")["n_labels"]

    def score(self, n_episodes: int, random_state: int) -> list[float]:
        """Return the returns as parts of the expert's mean."""
        returns = self._returns(n_episodes, random_state, of="learner")
        return [earned / self.level.mean for earned in returns]

    def _returns(self, n_episodes: int, random_state: int, **of: Any) -> list[float]:
        options = {"n_episodes": n_episodes, "seed": random_state, **of}
        return self.peer.ask(do="returns", **options)["returns"]
