"""A run of imitation's DAgger on Hopper, a round at a time; its own process imports it.

It is in Hopper-v4, the newest that gymnasium 0.29 has.
"""

import math
import tempfile
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from imitation.algorithms import bc
from imitation.algorithms.dagger import SimpleDAggerTrainer
from imitation.util import logger
from imitation_peer import network
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.vec_env import DummyVecEnv

ENV = "Hopper-v4"
# Of a round with a network and a protocol like ours, at least.
N_STEPS = 3000


class ArrayExpert(BasePolicy):
    """A tanh network of arrays, as imitation takes an expert; it counts its labels."""

    def __init__(self, path: str, *spaces: gymnasium.Space) -> None:
        super().__init__(*spaces)
        self.arrays = dict(np.load(path))
        self.n_layers = sum(name.startswith("weight_") for name in self.arrays)
        self.n_labels = 0

    def act(self, observations: NDArray) -> NDArray[np.float32]:
        """Return the actions for a batch of observations."""
        arrays = self.arrays
        x = (observations - arrays["mean"]) / arrays["scale"]
        for i in range(self.n_layers):
            x = x @ arrays[f"weight_{i}"] + arrays[f"bias_{i}"]
            if i < self.n_layers - 1:
                x = np.tanh(x)
        return x.astype(np.float32)

    def predict(self, observation: Any, *_: Any, **__: Any) -> tuple[NDArray, None]:
        """Label a batch of observations."""
        self.n_labels += len(observation)
        return self.act(observation), None

    def _predict(self, observation: Any, deterministic: bool = False) -> Any:
        raise TypeError("asked through predict")


class DaggerSession:
    """``SimpleDAggerTrainer``, stopped after each round.

    Parameters
    ----------
    expert : str
        The npz file of its expert's arrays; tanh between the layers.
    seed : int
        Of everything but the episodes that measure it.
    as_ours : bool
        Whether to use our network and protocol, or imitation's own.
    """

    def __init__(self, expert: str, seed: int, as_ours: bool) -> None:
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        self.env = gymnasium.make(ENV)
        venv = DummyVecEnv([lambda: gymnasium.make(ENV)])
        venv.seed(seed)
        spaces = venv.observation_space, venv.action_space
        self.expert = ArrayExpert(expert, *spaces)
        self.as_ours = as_ours
        self.folder = tempfile.TemporaryDirectory()
        # Its own would leave two folders behind.
        log = {"custom_logger": logger.configure(self.folder.name, ["csv"])}
        own_network = {"policy": network(*spaces)} if as_ours else {}
        options = {"beta_schedule": lambda i: float(i == 0)} if as_ours else {}
        self.trainer = SimpleDAggerTrainer(
            venv=venv,
            scratch_dir=self.folder.name,
            expert_policy=self.expert,
            rng=rng,
            bc_trainer=bc.BC(
                observation_space=spaces[0],
                action_space=spaces[1],
                rng=rng,
                **own_network,
                **log,
            ),
            **options,
            **log,
        )

    def round(self) -> int:
        """Collect, label and train once; return the number of labels so far."""
        training: dict[str, Any] = {"progress_bar": False, "log_interval": 10**9}
        training["log_rollouts_venv"] = None  # episodes that serve its log alone
        rollouts = {}
        if self.as_ours:
            rollouts = {"rollout_round_min_episodes": 1}
            rollouts["rollout_round_min_timesteps"] = 1
            # The labels of this round are not there yet: it may be twice as many steps.
            n_steps = max(self.expert.n_labels, 1000) // self.trainer.batch_size
            training["n_epochs"] = math.ceil(N_STEPS / n_steps)
        # One step is less than any round: the trainer stops after the first.
        self.trainer.train(1, bc_train_kwargs=training, **rollouts)
        return self.expert.n_labels

    def returns(self, n_episodes: int, seed: int, *, of: str) -> list[float]:
        """Return what fresh episodes earn: of the ``"learner"`` or the ``"expert"``."""
        act = self.expert.act if of == "expert" else self._act
        return [self._return_of(act, seed + i) for i in range(n_episodes)]

    def _act(self, observations: NDArray) -> NDArray:
        return self.trainer.policy.predict(observations, deterministic=True)[0]

    def _return_of(self, act: Callable[[NDArray], NDArray], seed: int) -> float:
        low, high = self.env.action_space.low, self.env.action_space.high
        observation, _ = self.env.reset(seed=seed)
        total, ended = 0.0, False
        while not ended:
            action = np.clip(act(observation[np.newaxis])[0], low, high)
            observation, reward, terminated, truncated, _ = self.env.step(action)
            total += float(reward)
            ended = terminated or truncated
        return total
