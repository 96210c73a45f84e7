"""``skimitate run``: imitate an expert by cloning and by DAgger."""

import argparse
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from skimitate.cli import _flags
from skimitate.cli._environments import find_env
from skimitate.cli._policies import find_expert

HELP = "imitate an expert by cloning and by DAgger, and compare returns"
_N_EVAL_EPISODES = 20
PARENTS = (
    _flags.one_env,
    partial(
        _flags.episodes,
        "the expert's episodes that the clone and DAgger start from; everyone is then "
        f"evaluated in {_N_EVAL_EPISODES} others",
    ),
    _flags.jobs,
    _flags.log_dir,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "--rounds",
        type=_flags.positive,
        default=40,
        help="rounds of DAgger (default: %(default)s)",
    )
    parser.add_argument(
        "--query",
        type=_flags.query,
        default="all",
        metavar="N",
        help="visited states of each episode that DAgger asks the expert about: all, "
        "a number of them, or a part up to 1.0; 1 is one state, 1.0 all of them "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--network",
        choices=("default", "post"),
        default="default",
        help="cloner that imitates: skimitate's default, or the blog post's two ReLU "
        "layers of 50 and 100 epochs (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for demonstrations, models, results and pictures, and for a "
        "later run to go on from; one run at a time (default: nothing is kept)",
    )


def act(args: argparse.Namespace) -> None:
    """Run the main job."""
    import numpy as np

    from skimitate.experts._identity import identify_expert
    from skimitate.files._lock import FolderLock
    from skimitate.studies._experiment import Experiment
    from skimitate.studies._findings import table_of
    from skimitate.studies._network import NETWORKS

    env = find_env(args.env, args.env_arg)
    expert = find_expert(env, args.env, args.expert)
    # The evaluation's seed comes from another stream than those of the training.
    eval_seed = int(np.random.SeedSequence([args.seed, 1]).generate_state(1)[0])
    with nullcontext() if args.out is None else FolderLock(args.out, "out"):
        experiment = Experiment(
            env=env.made_by,
            name=env.name,
            expert=expert,
            expert_id=identify_expert(args.expert or args.env),
            n_episodes=args.episodes,
            n_rounds=args.rounds,
            n_eval_episodes=_N_EVAL_EPISODES,
            n_jobs=args.jobs,
            seed=args.seed,
            eval_seed=eval_seed,
            out=args.out,
            log_dir=args.log_dir,
            network=NETWORKS[args.network],
            query=args.query,
        )
        experiment.run()
    print(f"\n{table_of(experiment)}")
    if args.out is None:
        print("\nNothing is kept: --out FOLDER keeps the models and all else.")
    else:
        names = (path.name for path in args.out.iterdir())
        kept = sorted(name for name in names if not name.startswith("."))
        print(f"\nKept in {args.out}: {', '.join(kept)}")
