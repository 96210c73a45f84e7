"""imitation 1.0.1 as a peer: it pins old versions and so runs in a process of its own.

As a module, it starts that process, if the environment of ``make bench`` is there; as
a script, it is that process: it reads a line of JSON for each job and answers by one.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
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
        return self.ask(**job)["seconds"]

    def ask(self, **job: Any) -> dict[str, Any]:
        """Do a job and return the answer."""
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"imitation's process ended in {job}")
        self.answer = json.loads(line)
        return self.answer


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
        policy=network(*spaces),
        demonstrations=demonstrations,
        batch_size=32,
    )
    began = time.perf_counter()
    trainer.train(n_epochs=n_epochs, progress_bar=False, log_interval=10**9)
    seconds = time.perf_counter() - began
    predicted = trainer.policy.predict(X, deterministic=True)[0]
    r2 = 1 - ((predicted - y) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)
    return {"seconds": seconds, "score": float(r2.mean())}


def network(observation_space: Any, action_space: Any) -> Any:
    """Return a network of (50, 50) ReLU units, as both sides use it."""
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
    from imitation_session import ENV, ArrayExpert
    from stable_baselines3.common.vec_env import DummyVecEnv

    env = DummyVecEnv([lambda: gymnasium.make(ENV)])
    spaces = env.observation_space, env.action_space
    expert = ArrayExpert(str(EXPERT), *spaces)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = SimpleDAggerTrainer(
            venv=env,
            scratch_dir=folder,
            expert_policy=expert,
            rng=rng,
            beta_schedule=lambda _: 1.0,
            bc_trainer=bc.BC(
                observation_space=spaces[0],
                action_space=spaces[1],
                rng=rng,
                policy=network(*spaces),
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
    return {"seconds": seconds, "n_queries": expert.n_labels}


class LabelJobs:
    """The jobs of a run that is measured after each round: one run at a time."""

    def start(self, **setting: Any) -> dict[str, Any]:
        """Begin a new run."""
        from imitation_session import DaggerSession

        self.session = DaggerSession(**setting)
        return {}

    def round(self) -> dict[str, int]:
        """Go through one round."""
        return {"n_labels": self.session.round()}

    def returns(self, **what: Any) -> dict[str, list[float]]:
        """Run fresh episodes."""
        return {"returns": self.session.returns(**what)}


def serve() -> None:
    """Answer jobs until there are no more."""
    import torch

    torch.set_num_threads(1)
    answers, sys.stdout = sys.stdout, sys.stderr
    labels = LabelJobs()
    jobs: dict[str, Callable[..., dict[str, Any]]] = {
        "clone": clone,
        "dagger": dagger,
        "start": labels.start,
        "round": labels.round,
        "returns": labels.returns,
    }
    for line in sys.stdin:
        job = json.loads(line)
        result = jobs[job.pop("do")](**job)
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    serve()
