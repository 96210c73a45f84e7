"""The command line: ``python -m skimitate``, or ``skimitate`` once installed."""

import argparse
import sys
import warnings
from collections.abc import Sequence

import skimitate
from skimitate.cli import _collect, _evaluate, _film, _run, _table

# Each is a module with HELP, PARENTS, add_arguments and act. What a command needs it
# imports when it acts: --help should not wait for torch.
COMMANDS = {
    "run": _run,
    "collect": _collect,
    "evaluate": _evaluate,
    "table": _table,
    "film": _film,
}


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="skimitate", description="Imitation learning as scikit-learn estimators."
    )
    parser.add_argument(
        "--version", action="version", version=f"skimitate {skimitate.__version__}"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        parents = [make() for make in command.PARENTS]
        described = commands.add_parser(name, help=command.HELP, parents=parents)
        command.add_arguments(described)
        described.set_defaults(act=command.act)
    return parser


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
    # The libraries take seconds to load: a person should see that something happens.
    print(f"{args.command}: loading ...", flush=True)
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
