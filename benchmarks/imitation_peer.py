"""imitation 1.0.1 as a peer: it pins old versions and so runs in a process of its own.

As a module, it starts that process, if the environment of ``make bench`` is there; as
a script, it is that process: it reads a line of JSON for each job and answers by one.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-imitation" / "bin" / "python"
EXPERT = ROOT / "skimitate" / "data" / "experts" / "Hopper-v5.npz"


class ImitationPeer:
    """The process; use it as a context manager."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}

    @staticmethod
    def available() -> bool:
        """Tell whether its environment has been made."""
        return PYTHON.exists()

    def __enter__(self) -> "ImitationPeer":
        self.process = subprocess.Popen(
            [PYTHON, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def run(self, **job: Any) -> float:
        """Do a job and return the seconds it took; the rest is in ``answer``."""
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        self.answer = json.loads(self.process.stdout.readline())
        return self.answer["seconds"]


def clone(path: str, n_epochs: int) -> dict[str, float]:
    """Train BC on arrays saved at a path."""
    import gymnasium
    import numpy as np
    from imitation.algorithms import bc
    from imitation.data.types import Transitions

    arrays = np.load(path)
    X, y = arrays["X"], arrays["y"]
    demonstrations = Transitions(
        obs=X,
        acts=y,
        infos=np.array([{}] * len(X), dtype=object),
        next_obs=X,
        dones=np.zeros(len(X), dtype=bool),
    )
    spaces = [gymnasium.spaces.Box(-np.inf, np.inf, a.shape[1:]) for a in (X, y)]
    trainer = bc.BC(
        observation_space=spaces[0],
        action_space=spaces[1],
        rng=np.random.default_rng(0),
        policy=policy(*spaces),
        demonstrations=demonstrations,
        batch_size=32,
    )
    began = time.perf_counter()
    trainer.train(n_epochs=n_epochs, progress_bar=False, log_interval=10**9)
    seconds = time.perf_counter() - began
    predicted = trainer.policy.predict(X, deterministic=True)[0]
    r2 = 1 - ((predicted - y) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)
    return {"seconds": seconds, "score": float(r2.mean())}


def policy(observation_space: Any, action_space: Any) -> Any:
    """Return the network that skimitate uses by default."""
    import torch
    from stable_baselines3.common.policies import ActorCriticPolicy

    return ActorCriticPolicy(
        observation_space,
        action_space,
        lr_schedule=lambda _: 1e-3,
        net_arch=[50, 50],
        activation_fn=torch.nn.ReLU,
    )


def dagger(n_rounds: int, n_epochs: int) -> dict[str, float]:
    """Run DAgger on Hopper, an episode a round, with the expert driving."""
    import tempfile

    import gymnasium
    import numpy as np
    from imitation.algorithms import bc
    from imitation.algorithms.dagger import SimpleDAggerTrainer
    from stable_baselines3.common.policies import BasePolicy
    from stable_baselines3.common.vec_env import DummyVecEnv

    arrays = dict(np.load(EXPERT))

    class Expert(BasePolicy):
        n_queries = 0

        def _predict(self, observation: Any, deterministic: bool = False) -> Any:
            raise TypeError("asked through predict")

        def predict(self, observation: Any, *_: Any, **__: Any) -> Any:
            Expert.n_queries += len(observation)
            x = (observation - arrays["mean"]) / arrays["scale"]
            for i in range(2):
                x = np.tanh(x @ arrays[f"weight_{i}"] + arrays[f"bias_{i}"])
            return (x @ arrays["weight_2"] + arrays["bias_2"]).astype(np.float32), None

    env = DummyVecEnv([lambda: gymnasium.make("Hopper-v4")])
    spaces = env.observation_space, env.action_space
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = SimpleDAggerTrainer(
            venv=env,
            scratch_dir=folder,
            expert_policy=Expert(*spaces),
            rng=rng,
            beta_schedule=lambda _: 1.0,
            bc_trainer=bc.BC(
                observation_space=spaces[0],
                action_space=spaces[1],
                rng=rng,
                policy=policy(*spaces),
                batch_size=32,
            ),
        )
        began = time.perf_counter()
        trainer.train(
            n_rounds * 1000,
            rollout_round_min_episodes=1,
            rollout_round_min_timesteps=1,
            bc_train_kwargs={
                "n_epochs": n_epochs,
                "progress_bar": False,
                "log_interval": 10**9,
            },
        )
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "n_queries": Expert.n_queries}


def serve() -> None:
    """Answer jobs until there are no more."""
    import torch

    torch.set_num_threads(1)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        job = json.loads(line)
        result = {"clone": clone, "dagger": dagger}[job.pop("do")](**job)
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    serve()
