"""What skimitate and its peers can do, found out by trying.

Run it in each environment that has some of the packages; what is not installed keeps
the answers of an earlier run. imitation needs an environment of its own, since it pins
old versions:

    python benchmarks/compare_peers.py          # prints the table of docs/results.md
"""

import importlib.metadata
import importlib.util
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results" / "peers.json"

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 11)).astype(np.float32)
Y = np.tanh(X[:, :3])


def expert(observations: np.ndarray) -> np.ndarray:
    """Stand in for an expert."""
    return np.tanh(observations[:, :3])


def attempt(function: Callable[[], Any]) -> str:
    """Say whether something works, and how it fails if not."""
    try:
        function()
    except Exception as error:
        return f"no ({type(error).__name__})"
    return "yes"


def count_failed_checks(estimator: Any) -> str:
    """Run scikit-learn's checks and count those that fail."""
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(estimator, on_fail=None)
    failed = [r["check_name"] for r in results if r["status"] == "failed"]
    return f"{len(failed)} of {len(results)} fail" if failed else "all pass"


def gymnasium_range(package: str) -> str:
    """Return which Gymnasium a package asks for."""
    requirements = importlib.metadata.requires(package) or []
    for requirement in requirements:
        if requirement.startswith("gymnasium") and "extra ==" not in requirement:
            return requirement.split(";")[0].partition("]")[2] or requirement
    return "none"


def ask_skimitate() -> dict[str, str]:
    """Try skimitate."""
    from sklearn.linear_model import Ridge
    from sklearn.utils.estimator_checks import check_estimator

    from skimitate import BehaviorCloner, DAggerRegressor

    options = {"n_rounds": 1, "n_eval_episodes": 1, "env": "Hopper-v5"}
    permitted = {"check_sample_weight_equivalence_on_dense_data": "minibatches"}
    results = [
        result
        for estimator in (BehaviorCloner(), DAggerRegressor())
        for result in check_estimator(
            estimator, on_fail=None, expected_failed_checks=permitted
        )
    ]
    failed = sum(result["status"] == "failed" for result in results)
    allowed = sum(result["status"] == "xfail" for result in results)
    return {
        "clones arrays: fit(X, y)": attempt(lambda: BehaviorCloner().fit(X, Y)),
        "check_estimator": f"{failed} of {len(results)} fail, {allowed} permitted",
        "DAgger with a plain callable as the expert": attempt(
            lambda: DAggerRegressor(
                BehaviorCloner(max_iter=1), expert=expert, **options
            ).fit()
        ),
        "DAgger with any regressor as the learner": attempt(
            lambda: DAggerRegressor(Ridge(), expert=expert, **options).fit()
        ),
        "Gymnasium": gymnasium_range("skimitate"),
    }


def ask_sklearn() -> dict[str, str]:
    """Try scikit-learn's MLPRegressor."""
    from sklearn.neural_network import MLPRegressor

    return {
        "clones arrays: fit(X, y)": attempt(lambda: MLPRegressor().fit(X, Y)),
        "check_estimator": count_failed_checks(MLPRegressor(max_iter=100)),
        "DAgger with a plain callable as the expert": "no DAgger",
        "DAgger with any regressor as the learner": "no DAgger",
        "Gymnasium": "none",
    }


def ask_skorch() -> dict[str, str]:
    """Try skorch's NeuralNetRegressor."""
    import torch
    from skorch import NeuralNetRegressor

    class Module(torch.nn.Module):
        def __init__(self, n_outputs: int = 1) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.LazyLinear(50), torch.nn.ReLU(), torch.nn.Linear(50, n_outputs)
            )

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.layers(inputs)

    three = NeuralNetRegressor(Module, module__n_outputs=3, verbose=0)
    return {
        "clones arrays: fit(X, y)": attempt(lambda: three.fit(X, Y)),
        "check_estimator": count_failed_checks(NeuralNetRegressor(Module, verbose=0)),
        "DAgger with a plain callable as the expert": "no DAgger",
        "DAgger with any regressor as the learner": "no DAgger",
        "Gymnasium": "none",
    }


def ask_imitation() -> dict[str, str]:
    """Try imitation's BC and SimpleDAggerTrainer."""
    import tempfile

    import gymnasium
    from imitation.algorithms import bc
    from imitation.algorithms.dagger import SimpleDAggerTrainer
    from sklearn.linear_model import Ridge
    from stable_baselines3.common.vec_env import DummyVecEnv

    env = DummyVecEnv([lambda: gymnasium.make("Pendulum-v1")])
    spaces = {
        "observation_space": env.observation_space,
        "action_space": env.action_space,
        "rng": rng,
    }

    def clone_arrays() -> None:
        bc.BC(demonstrations=(X[:, :3], Y[:, :1]), **spaces).train(n_epochs=1)

    def dagger(trainer_options: dict, **cloner_options: Any) -> None:
        cloner = bc.BC(**spaces, **cloner_options)
        with tempfile.TemporaryDirectory() as folder:
            SimpleDAggerTrainer(
                venv=env,
                scratch_dir=folder,
                bc_trainer=cloner,
                rng=rng,
                **trainer_options,
            ).train(400)

    return {
        "clones arrays: fit(X, y)": attempt(clone_arrays),
        "check_estimator": "no estimator",
        "DAgger with a plain callable as the expert": attempt(
            lambda: dagger({"expert_policy": lambda observations: observations[:, :1]})
        ),
        "DAgger with any regressor as the learner": attempt(
            lambda: dagger({"expert_policy": bc.BC(**spaces).policy}, policy=Ridge())
        ),
        "Gymnasium": gymnasium_range("imitation"),
    }


PEERS = {
    "skimitate": ("skimitate", ask_skimitate),
    "scikit-learn `MLPRegressor`": ("sklearn", ask_sklearn),
    "skorch": ("skorch", ask_skorch),
    "imitation": ("imitation", ask_imitation),
}


def table(answers: dict[str, dict[str, str]]) -> str:
    """Return the answers as a table, a column for each package."""
    names = [name for name in PEERS if name in answers]
    headings = [f"{name} {answers[name]['version']}" for name in names]
    rows = [
        f"| | {' | '.join(headings)} |",
        f"| --- |{' --- |' * len(names)}",
    ]
    for question in answers[names[0]]:
        if question != "version":
            cells = " | ".join(answers[name][question] for name in names)
            rows.append(f"| {question} | {cells} |")
    return "\n".join(rows)


def main() -> None:
    """Ask the peers that are installed here."""
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:]
    answers = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, (module, ask) in PEERS.items():
        if importlib.util.find_spec(module) is None or (
            wanted and module not in wanted
        ):
            continue
        distribution = {"sklearn": "scikit-learn"}.get(module, module)
        answers[name] = {"version": importlib.metadata.version(distribution), **ask()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(answers, indent=2) + "\n")
    print(table(answers))


if __name__ == "__main__":
    main()
