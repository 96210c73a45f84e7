"""The command line: ``python -m skimitate``, or ``skimitate`` once installed."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib

from skimitate._episodes import env_widths
from skimitate._experiment import Experiment, check_expert, summarize
from skimitate._experts import bundled_experts, resolve_expert
from skimitate._rollouts import collect_rollouts, evaluate_policy

EXPERT_HELP = (
    "CS294 expert file, npz expert, stable-baselines3 model (zip) or module:callable; "
    "by default the bundled expert for ENV"
)


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
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {text}")
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

    for command in (run, collect, evaluate):
        command.add_argument(
            "env", metavar="ENV", help="environment id, e.g. Hopper-v5"
        )
        command.add_argument("--expert", help=EXPERT_HELP)
        command.add_argument(
            "--episodes", type=positive, default=10, help="number of episodes"
        )
        command.add_argument(
            "--jobs", type=jobs, default=-1, help="processes; -1 is one for each core"
        )
        command.add_argument(
            "--seed", type=seed, default=0, help="determines everything"
        )
    return parser


def find_expert(args: argparse.Namespace) -> Any:
    """Return the expert that the arguments name, for an environment that exists."""
    env_widths(args.env)
    if args.expert is None and args.env not in bundled_experts():
        raise ValueError(
            f"there is no bundled expert for {args.env}, only for "
            f"{', '.join(sorted(bundled_experts()))}; name one by --expert"
        )
    expert = resolve_expert(args.expert or args.env)
    check_expert(args.env, expert)
    return expert


def run_experiment(args: argparse.Namespace) -> None:
    """Run the main job."""
    Experiment(
        env=args.env,
        expert=find_expert(args),
        n_episodes=args.episodes,
        n_rounds=args.rounds,
        n_jobs=args.jobs,
        seed=args.seed,
        out=args.out,
    ).run()


def run_collect(args: argparse.Namespace) -> None:
    """Save an expert's roll-outs."""
    expert = find_expert(args)
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


def load_model(path: str) -> Any:
    """Load a model that joblib saved."""
    try:
        return joblib.load(path)
    except Exception as error:  # a file that is none makes anything of an unpickler
        raise ValueError(
            f"--policy: expected a model saved by joblib, but {path} gave {error!r}"
        ) from error


def run_evaluate(args: argparse.Namespace) -> None:
    """Print what a policy earns."""
    if args.policy is None:
        policy = find_expert(args)
    elif not Path(args.policy).is_file():
        raise FileNotFoundError(f"--policy: no such file: {args.policy}")
    else:
        n_features, _ = env_widths(args.env)
        policy = load_model(args.policy)
        fitted = getattr(policy, "n_features_in_", n_features)
        if fitted != n_features:
            raise ValueError(
                f"--policy: {args.env} has {n_features} observation dimensions, and "
                f"the model was fitted to {fitted}; give one for {args.env}"
            )
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
