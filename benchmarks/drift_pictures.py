"""Draw how far from its demonstrations Walker2d's clone gets, and its DAgger policy.

One roll-out of the expert, the blog post's network (ReLU, 100 epochs) for both, and 40
rounds of DAgger; two pictures in benchmarks/results. Takes about a minute.

    python benchmarks/drift_pictures.py [--expert FILE] [--rounds 40] [--out FOLDER]
"""

import argparse
from pathlib import Path

import skimitate as sk
from skimitate.displays._axes import axes_of_a_file
from skimitate.studies._network import NETWORKS

ENV = "Walker2d-v5"
RESULTS = Path(__file__).resolve().parent / "results"


def learn(expert, demos: sk.Rollouts, n_rounds: int) -> dict:
    """Return a clone of the demonstrations, and the policy of DAgger from there."""
    X, y = demos.observations, demos.actions
    dagger = sk.DAggerRegressor(
        NETWORKS["post"].learner(),
        env=ENV,
        expert=expert,
        n_rounds=n_rounds,
        n_eval_episodes=20,
        random_state=0,
    )
    return {"clone": NETWORKS["post"].cloner(0).fit(X, y), "DAgger": dagger.fit(X, y)}


def draw(policies: dict, demos: sk.Rollouts, names: list[str]):
    """Return a picture of some of the policies on one axes."""
    ax = axes_of_a_file()
    for name in names:
        display = sk.DriftDisplay.from_estimator(
            policies[name], ENV, demos, n_episodes=20, random_state=1, name=name, ax=ax
        )
        ended = f"{display.terminated.sum()} of {len(display.terminated)} fall"
        print(f"{name}: {ended}")
    ax.set_title(f"{ENV}, {demos.n_episodes} roll-out, the post's network")
    return ax


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expert", default=ENV, help="as load_expert takes it")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    expert = sk.load_expert(args.expert)
    demos = sk.collect_rollouts(ENV, expert, n_episodes=1, random_state=0)
    policies = learn(expert, demos, args.rounds)
    alone = draw(policies, demos, ["clone"])
    both = draw(policies, demos, ["clone", "DAgger"])
    # One scale, so that the pictures can be held beside each other.
    alone.set_ylim(both.get_ylim())
    for ax, name in ((alone, "drift-clone"), (both, "drift-dagger")):
        ax.figure.savefig(args.out / f"{name}-{ENV}.png", dpi=120)


if __name__ == "__main__":
    main()
