"""The command line: ``python -m skimitate``, or ``skimitate`` once installed."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from skimitate.data._bundled import bundled_files
from skimitate.environments._collect import collect_rollouts, evaluate_policy
from skimitate.environments._make import env_widths
from skimitate.environments._report import summarize
from skimitate.experts._load import identify_expert, resolve_expert
from skimitate.studies._experiment import Experiment, check_expert
from skimitate.studies._film import Film
from skimitate.studies._table import N_EVAL_EPISODES, N_ROUNDS, POST, Table, as_markdown

EXPERT_HELP = (
    "CS294 expert file, npz expert, stable-baselines3 model (zip) or module:callable; "
    "by default the bundled expert for ENV"
)
TABLE_FOLDER = Path("runs/table")
N_RUN_EVAL_EPISODES = 20


def positive(text: str) -> int:
    """Read a positive integer."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text}")
    return number


def jobs(text: str) -> int:
    """Read a number of jobs, in joblib's terms."""
    number = int(text)
    if number == 0:
        raise argparse.ArgumentTypeError("expected a number of processes or -1, got 0")
    return number


def seed(text: str) -> int:
    """Read a seed."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"expected 0 to 2**32 - 1, got {text}")
    return number


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="skimitate", description="Imitation learning as scikit-learn estimators."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser(
        "run", help="imitate an expert by cloning and by DAgger, and compare returns"
    )
    run.add_argument("--rounds", type=positive, default=40, help="rounds of DAgger")
    run.add_argument("--out", type=Path, help="folder for demonstrations, models, ...")
    run.set_defaults(act=run_experiment)

    collect = commands.add_parser("collect", help="save an expert's roll-outs")
    collect.add_argument("--out", type=Path, required=True, help="npz file to write")
    collect.set_defaults(act=run_collect)

    evaluate = commands.add_parser("evaluate", help="print what a policy earns")
    evaluate.add_argument(
        "--policy", help="model saved by joblib; by default the expert is evaluated"
    )
    evaluate.set_defaults(act=run_evaluate)

    table = commands.add_parser(
        "table", help="the blog post's table: expert, clone and DAgger, beside the post"
    )
    table.add_argument(
        "envs", metavar="ENV", nargs="*", help=f"by default {', '.join(POST)}"
    )
    table.add_argument(
        "--expert",
        help="folder of CS294 expert files, or for one ENV what other commands take; "
        "by default the bundled experts",
    )
    table.add_argument(
        "--roll-outs", type=positive, help="by default the post's; 10 for other ENVs"
    )
    table.add_argument(
        "--seeds", type=positive, default=1, help="how often everything is learnt"
    )
    table.add_argument(
        "--rounds", type=positive, default=N_ROUNDS, help="rounds of DAgger"
    )
    table.add_argument(
        "--out",
        type=Path,
        default=TABLE_FOLDER,
        help=f"folder for finished stages and the table, by default {TABLE_FOLDER}",
    )
    table.set_defaults(act=run_table)

    film = commands.add_parser("film", help="film an episode of a policy")
    film.add_argument("--out", type=Path, required=True, help="mp4 file to write")
    film.add_argument(
        "--policy", help="model saved by joblib; by default the expert is filmed"
    )
    film.add_argument(
        "--compare",
        action="store_true",
        help="film expert, clone and DAgger side by side",
    )
    film.add_argument(
        "--models",
        metavar="FOLDER",
        type=Path,
        default=TABLE_FOLDER,
        help="what run or table kept, to take the clone and the DAgger policy from; by "
        f"default {TABLE_FOLDER}, where they are made if they are not there",
    )
    film.add_argument("--steps", type=positive, help="where to cut the episode")
    film.set_defaults(act=run_film)

    for command in (run, collect, evaluate, film):
        command.add_argument(
            "env", metavar="ENV", help="environment id, e.g. Hopper-v5"
        )
        command.add_argument("--expert", help=EXPERT_HELP)
        command.add_argument(
            "--seed", type=seed, default=0, help="determines everything"
        )
    for command in (run, collect, evaluate):
        command.add_argument(
            "--episodes", type=positive, default=10, help="number of episodes"
        )
    for command in (run, collect, evaluate, table, film):
        command.add_argument(
            "--jobs", type=jobs, default=-1, help="processes; -1 is one for each core"
        )
    return parser


def find_expert(env: str, spec: str | None) -> Any:
    """Return the expert that the arguments name, for an environment that exists."""
    env_widths(env)
    if spec is None and env not in bundled_files("experts"):
        raise ValueError(
            f"there is no bundled expert for {env}, only for "
            f"{', '.join(sorted(bundled_files('experts')))}; name one by --expert"
        )
    expert = resolve_expert(spec or env)
    check_expert(env, expert)
    return expert


def run_experiment(args: argparse.Namespace) -> None:
    """Run the main job."""
    # The evaluation's seed comes from another stream than those of the training.
    eval_seed = int(np.random.SeedSequence([args.seed, 1]).generate_state(1)[0])
    experiment = Experiment(
        env=args.env,
        expert=find_expert(args.env, args.expert),
        expert_id=identify_expert(args.expert or args.env),
        n_episodes=args.episodes,
        n_rounds=args.rounds,
        n_eval_episodes=N_RUN_EVAL_EPISODES,
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


def run_table(args: argparse.Namespace) -> None:
    """Make the table of the blog post."""
    table = make_table(args, args.envs or list(POST), args.out)
    table.run()
    print(f"\n{as_markdown(table.rows)}\n\nKept in {args.out}: table.json, table.md")


def make_table(args: argparse.Namespace, envs: Sequence[str], out: Path) -> Table:
    """Check everything that a table needs before any work on it."""
    experts = {}
    for env in envs:
        spec = expert_of_row(env, args.expert, len(envs))
        experts[env] = find_expert(env, spec), identify_expert(spec)
    options = vars(args)
    return Table(
        experts,
        n_episodes=options.get("roll_outs"),
        n_seeds=options.get("seeds", 1),
        n_rounds=options.get("rounds", N_ROUNDS),
        n_eval_episodes=N_EVAL_EPISODES,
        n_jobs=args.jobs,
        out=out,
    )


def expert_of_row(env: str, spec: str | None, n_envs: int) -> str:
    """Return what names the expert for a row of the table."""
    if spec is None:
        if env not in bundled_files("experts"):
            raise ValueError(
                f"ENV: expected one of {', '.join(POST)}, got {env!r}; for another "
                "environment, give its id and its expert: --expert FILE or "
                "--expert module:callable"
            )
        return env
    if Path(spec).is_dir():
        file = Path(spec) / f"{env.rpartition('-')[0]}-v1.pkl"
        if not file.is_file():
            raise FileNotFoundError(f"--expert: no such file: {file}, for {env}")
        return str(file)
    if n_envs > 1:
        raise ValueError(
            f"--expert: expected a folder of CS294 expert files for {n_envs} "
            f"environments, got {spec!r}, which is one expert"
        )
    return spec


def run_film(args: argparse.Namespace) -> None:
    """Film an episode."""
    film = Film(args.env, args.out, seed=args.seed, max_steps=args.steps)
    policies: dict[str, Any] = {}
    if args.compare or args.policy is None:
        spec = expert_of_row(args.env, args.expert, 1)
        policies["expert"] = find_expert(args.env, spec)
    if args.compare:
        policies |= imitators(args)
    if args.policy is not None:
        name = Path(args.policy).stem
        unique = f"{Path(args.policy).parent.name}/{name}"
        policies[unique if name in policies else name] = find_policy(
            args.env, args.policy
        )
    film.record(policies)
    print(f"{args.out}: {args.env}, {' | '.join(policies)}")


def imitators(args: argparse.Namespace) -> dict[str, Any]:
    """Return the clone and the DAgger policy to compare with the expert."""
    files = {"clone": "clone.joblib", "DAgger": "dagger.joblib"}
    folders = [args.models, args.models / args.env / "seed-0"]
    for folder in folders:
        if all((folder / file).is_file() for file in files.values()):
            return {
                name: find_policy(args.env, folder / file, "--models")
                for name, file in files.items()
            }
    if args.models != TABLE_FOLDER:
        raise FileNotFoundError(
            f"--models: expected {' and '.join(files.values())}, as run or table keep "
            f"them, in {' or '.join(map(str, folders))}"
        )
    table = make_table(args, [args.env], TABLE_FOLDER)
    ((experiment,),) = table.experiments.values()
    return {"clone": experiment.clone, "DAgger": experiment.dagger}


def run_collect(args: argparse.Namespace) -> None:
    """Save an expert's roll-outs."""
    expert = find_expert(args.env, args.expert)
    if not args.out.parent.is_dir():
        raise FileNotFoundError(f"--out: no such folder: {args.out.parent}")
    if args.out.is_dir():
        raise IsADirectoryError(f"--out: expected a file to write, got {args.out}")
    rollouts = collect_rollouts(
        args.env,
        expert,
        n_episodes=args.episodes,
        n_jobs=args.jobs,
        random_state=args.seed,
        verbose=True,
    )
    rollouts.save(args.out)
    print(
        f"{args.out}: {rollouts.n_episodes} episodes, {len(rollouts)} steps, "
        f"returns {summarize(rollouts.returns)}"
    )


def find_policy(env: str, path: str | Path, option: str = "--policy") -> Any:
    """Load a model that joblib saved, for an environment that exists."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{option}: no such file: {path}")
    n_features, _ = env_widths(env)
    try:
        policy = joblib.load(path)
    except Exception as error:  # a file that is none makes anything of an unpickler
        raise ValueError(
            f"{option}: expected a model saved by joblib, but {path} gave {error!r}"
        ) from error
    fitted = getattr(policy, "n_features_in_", n_features)
    if fitted != n_features:
        raise ValueError(
            f"{option}: {env} has {n_features} observation dimensions, and the model "
            f"was fitted to {fitted}; give one for {env}"
        )
    return policy


def run_evaluate(args: argparse.Namespace) -> None:
    """Print what a policy earns."""
    if args.policy is None:
        policy = find_expert(args.env, args.expert)
    else:
        policy = find_policy(args.env, args.policy)
    returns = evaluate_policy(
        args.env,
        policy,
        n_episodes=args.episodes,
        n_jobs=args.jobs,
        random_state=args.seed,
    )
    for i, value in enumerate(returns):
        print(f"episode {i}: {value:.1f}")
    print(f"{args.env}: {summarize(returns)} over {len(returns)} episodes")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments; None for those of the process.

    Returns
    -------
    int
        0, or 2 if the input was bad, with one line on standard error that says so.
    """
    args = build_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            # Gymnasium warns of old versions before it refuses them.
            warnings.filterwarnings("ignore", module="gymnasium")
            args.act(args)
    except (ValueError, TypeError, ImportError, OSError) as error:
        print(f"skimitate: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skimitate: interrupted", file=sys.stderr)
        return 130
    return 0
