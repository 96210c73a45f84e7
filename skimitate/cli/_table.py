"""``skimitate table``: the blog post's table."""

import argparse
from pathlib import Path

from skimitate.cli import _flags
from skimitate.cli._environments import find_env
from skimitate.cli._policies import expert_of_row, find_expert
from skimitate.studies._post import N_ROUNDS, POST

HELP = "the blog post's table: expert, clone and DAgger, beside the post"
PARENTS = (_flags.env_args, _flags.jobs)

FOLDER = Path("runs/table")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument(
        "envs",
        metavar="ENV",
        nargs="*",
        help=f"environment ids (default: {', '.join(POST)})",
    )
    parser.add_argument(
        "--expert",
        help="folder of CS294 expert files, or for one ENV what other commands take "
        "(default: the bundled experts)",
    )
    parser.add_argument(
        "--roll-outs",
        type=_flags.positive,
        help="number of the expert's episodes that are learnt from (default: the "
        "post's; 10 for other ENVs)",
    )
    parser.add_argument(
        "--seeds",
        type=_flags.positive,
        default=1,
        help="how often all is learnt (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds",
        type=_flags.positive,
        default=N_ROUNDS,
        help="rounds of DAgger (default: %(default)s)",
    )
    parser.add_argument(
        "--network",
        choices=("both", "post", "default"),
        default="both",
        help="cloners that imitate: the post's two ReLU layers of 50, with its counts "
        "of epochs, skimitate's default, or both (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=FOLDER,
        help="folder for finished stages and the table, for one run at a time "
        "(default: %(default)s)",
    )


def act(args: argparse.Namespace) -> None:
    """Make the table, row by row."""
    from skimitate.experts._identity import identify_expert
    from skimitate.files._lock import FolderLock
    from skimitate.studies._network import NETWORKS
    from skimitate.studies._table import N_EVAL_EPISODES, Table
    from skimitate.studies._table_text import as_markdown

    env_ids = args.envs or list(POST)
    experts, envs = {}, {}
    for env_id in env_ids:
        spec = expert_of_row(env_id, args.expert, len(env_ids))
        env = find_env(env_id, args.env_arg)
        expert = find_expert(env, env_id, spec)
        experts[env.name] = expert, identify_expert(spec or env_id)
        envs[env.name] = env.made_by
    with FolderLock(args.out, "out"):
        table = Table(
            experts,
            n_episodes=args.roll_outs,
            n_seeds=args.seeds,
            n_rounds=args.rounds,
            n_eval_episodes=N_EVAL_EPISODES,
            n_jobs=args.jobs,
            out=args.out,
            envs=envs,
            networks=[*NETWORKS] if args.network == "both" else [args.network],
        )
        table.run()
    print(f"\n{as_markdown(table.rows)}\n\nKept in {args.out}: table.json, table.md")
