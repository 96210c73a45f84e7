"""Flags that several commands share, as parents of their parsers."""

import argparse
import ast
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

# What --expert and --policy take.
KINDS = (
    "the id of a bundled expert, module:callable, or a file: npz (an expert's own), "
    "pkl (CS294), safetensors, skops, onnx, zip (a stable-baselines3 model, with the "
    "statistics of its VecNormalize beside it), joblib, pt2, pt or pth (a module of "
    "torch), or h (of export_c, which is compiled); zip, joblib, torch's files and C "
    "run code that they contain"
)


def _integer(text: str, expected: str, fits: Callable[[int], bool]) -> int:
    """Read an integer; argparse puts the name of the option before the message."""
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not fits(number):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
    return number


def positive(text: str) -> int:
    """Read a positive integer."""
    return _integer(text, "a positive integer", lambda n: n >= 1)


def query(text: str) -> Literal["all"] | int | float:
    """Read which visited states the expert is asked about."""
    if text == "all":
        return "all"
    number: int | float
    try:
        number = int(text)
    except ValueError:
        number = _part(text)
    most = 1 if isinstance(number, float) else math.inf
    if not 0 < number <= most:
        raise argparse.ArgumentTypeError(
            f"expected all, a positive integer or a part up to 1.0, got {text!r}"
        )
    return number


def _part(text: str) -> float:
    """Read a part of something, 0 for what is no number."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _jobs(text: str) -> int:
    """Read a number of jobs, in joblib's terms."""
    return _integer(text, "a number of processes or -1", lambda n: n != 0)


def _seed(text: str) -> int:
    """Read a seed."""
    return _integer(text, "an integer from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)


def _env_arg(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE; a value that is no Python literal is taken as text."""
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, got {text!r}")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def check_file(out: Path, suffixes: Sequence[str], option: str = "--out") -> None:
    """Raise if a file cannot be written where an option says.

    Parameters
    ----------
    out : Path
        The file.
    suffixes : sequence of str
        What its name may end in.
    option : str, default="--out"
        What errors call it.

    Raises
    ------
    OSError, ValueError
        If it is a folder, is in none, or is of another kind.
    """
    if out.suffix not in suffixes:
        raise ValueError(
            f"{option}: expected a file that ends in {' or '.join(suffixes)}, got {out}"
        )
    if not out.parent.is_dir():
        raise FileNotFoundError(f"{option}: no such folder: {out.parent}")
    if out.is_dir():
        raise IsADirectoryError(f"{option}: expected a file to write, got {out}")


def one_env() -> argparse.ArgumentParser:
    """Return the flags of a command about one expert in one environment."""
    parent = argparse.ArgumentParser(add_help=False, parents=[env_args(), seed()])
    parent.add_argument(
        "env",
        metavar="ENV",
        help="environment id, e.g. Hopper-v5, module:id for one that a module "
        "registers, or module:Class",
    )
    parent.add_argument(
        "--expert", help=f"{KINDS} (default: the bundled expert for ENV)"
    )
    return parent


def env_args() -> argparse.ArgumentParser:
    """Return the flag of a command whose environments may take arguments."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--env-arg",
        metavar="KEY=VALUE",
        type=_env_arg,
        action="append",
        default=[],
        help="argument of the environment, such as frame_skip=2; may be repeated "
        "(default: none)",
    )
    return parent


def seed() -> argparse.ArgumentParser:
    """Return the flag of a command that draws at random."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--seed", type=_seed, default=0, help="determines everything (default: 0)"
    )
    return parent


def episodes(counted: str) -> argparse.ArgumentParser:
    """Return the flag of a command that runs a number of episodes.

    Parameters
    ----------
    counted : str
        What they are for.
    """
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--episodes",
        type=positive,
        default=10,
        help=f"number of {counted} (default: %(default)s)",
    )
    return parent


def log_dir() -> argparse.ArgumentParser:
    """Return the flag of a command whose fits can be watched."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--log-dir",
        metavar="DIR",
        type=Path,
        help="folder for losses, returns and all else that tensorboard --logdir DIR "
        "shows, while it runs and afterwards (default: nothing is written)",
    )
    return parent


def jobs() -> argparse.ArgumentParser:
    """Return the flag of a command that runs episodes side by side."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--jobs",
        type=_jobs,
        default=-1,
        help="processes; -1 is one for each core (default: %(default)s)",
    )
    return parent
