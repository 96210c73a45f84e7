"""``skimitate run``: imitate an expert by cloning and by DAgger."""

import argparse
from pathlib import Path

from skimitate.cli import _flags
from skimitate.cli._policies import find_expert

HELP = "imitate an expert by cloning and by DAgger, and compare returns"
PARENTS = (_flags.one_env, _flags.episodes, _flags.jobs)

_N_EVAL_EPISODES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "--rounds", type=_flags.positive, default=40, help="rounds of DAgger"
    )
    parser.add_argument("--out", type=Path, help="folder for all that is made")


def act(args: argparse.Namespace) -> None:
    """Run the main job."""
    import numpy as np

    from skimitate.experts._load import identify_expert
    from skimitate.studies._experiment import Experiment

    # The evaluation's seed comes from another stream than those of the training.
    eval_seed = int(np.random.SeedSequence([args.seed, 1]).generate_state(1)[0])
    experiment = Experiment(
        env=args.env,
        expert=find_expert(args.env, args.expert),
        expert_id=identify_expert(args.expert or args.env),
        n_episodes=args.episodes,
        n_rounds=args.rounds,
        n_eval_episodes=_N_EVAL_EPISODES,
        n_jobs=args.jobs,
        seed=args.seed,
        eval_seed=eval_seed,
        out=args.out,
    )
    experiment.run()
    print(f"\n{experiment.table()}")
    if args.out is not None:
        kept = sorted(path.name for path in args.out.iterdir())
        print(f"\nKept in {args.out}: {', '.join(kept)}")
