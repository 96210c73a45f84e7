"""The command line: ``python -m skimitate``, or ``skimitate`` once installed."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pickle import PicklingError
from typing import TextIO

import skimitate
from skimitate.cli import (
    _clone,
    _collect,
    _evaluate,
    _export,
    _film,
    _run,
    _table,
)
from skimitate.cli._parser import CommandParser

# Each is a module with HELP, PARENTS, add_arguments and act. What a command needs it
# imports when it acts: --help should not wait for torch.
COMMANDS = {
    "run": _run,
    "clone": _clone,
    "collect": _collect,
    "evaluate": _evaluate,
    "export": _export,
    "table": _table,
    "film": _film,
}

# What a person is told in one line: bad input, and what the machine or a library cannot
# do. Anything else is a defect, which its traceback helps to find.
_REPORTED = (
    ValueError,
    TypeError,
    ImportError,
    OSError,
    RuntimeError,
    PicklingError,
    MemoryError,
)

# As a shell counts processes that a signal ended: SIGINT, and SIGPIPE.
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="skimitate", description="Imitation learning as scikit-learn estimators."
    )
    parser.add_argument(
        "--version", action="version", version=f"skimitate {skimitate.__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, parser_class=CommandParser
    )
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
        0; 2 if the input was bad, or the machine or a library failed, with one line
        on standard error that says so; 130 if it was interrupted; 141 if nobody reads
        what is printed any more.
    """
    status = 0
    try:
        try:
            status = _perform(argv)
        finally:
            _flush()
    except BrokenPipeError:
        _print_nowhere()
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        print("skimitate: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except OSError as error:
        _print_nowhere()
        if status == 0:  # else it was said what is wrong
            print(f"skimitate: error: standard output: {error}", file=sys.stderr)
        return 2
    return status


def _flush() -> None:
    """Have all printed; whoever closed the standard output has none."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _print_nowhere() -> None:
    """Let what is left to print go somewhere when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _perform(argv: Sequence[str] | None) -> int:
    """Parse, act, and say in one line what was wrong with the input."""
    args = build_parser().parse_args(argv)
    try:
        _find_modules_here()
        # The libraries take seconds to load: a person should see that something
        # happens.
        _say(f"{args.command}: loading ...")
        with warnings.catch_warnings():
            # Gymnasium warns of old versions before it refuses them.
            warnings.filterwarnings("ignore", module="gymnasium")
            warnings.showwarning = _show_warning
            args.act(args)
    except BrokenPipeError:
        raise
    except _REPORTED as error:
        message = " ".join(_by_option(_told(error), args).split())
        print(f"skimitate: error: {message}", file=sys.stderr)
        return 2
    return 0


def _told(error: Exception) -> str:
    """Return what an error says; some say nothing by themselves."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory: {error}".removesuffix(": ")
    if isinstance(error, (RuntimeError, PicklingError)):
        return f"{type(error).__name__}: {error}"
    return str(error)


def _say(line: str) -> None:
    """Print a line, the first one, at once."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(f"standard output: {error}") from error


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as errors are shown, without the line of code that it is from."""
    print(f"skimitate: warning: {message}", file=sys.stderr)


def _by_option(message: str, args: argparse.Namespace) -> str:
    """Begin an error with the option by which what it is about was given."""
    name, colon, rest = message.partition(":")
    if name == "policy" and getattr(args, name, None) is None:
        # What is exported, or the expert, which is evaluated and collected as a policy.
        name = "model" if args.command == "export" else "expert"
    if args.command == "export":
        name = {"path": "to", "action_space": "env"}.get(name, name)
    if not colon or name not in vars(args):
        return message
    positional = name == "model" or (
        name == "env" and args.command not in ("clone", "export")
    )
    option = name.upper() if positional else f"--{name.replace('_', '-')}"
    return f"{option}:{rest}"


def _find_modules_here() -> None:
    """Have modules found in the working directory, as ``python -m`` has it."""
    here = os.getcwd()
    if here not in sys.path and not sys.flags.safe_path:
        sys.path.insert(0, here)
