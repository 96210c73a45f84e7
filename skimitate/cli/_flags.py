"""Flags that several commands share, as parents of their parsers."""

import argparse

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


def _jobs(text: str) -> int:
    """Read a number of jobs, in joblib's terms."""
    number = int(text)
    if number == 0:
        raise argparse.ArgumentTypeError("expected a number of processes or -1, got 0")
    return number


def _seed(text: str) -> int:
    """Read a seed."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"expected 0 to 2**32 - 1, got {text}")
    return number


def one_env() -> argparse.ArgumentParser:
    """Return the flags of a command about one expert in one environment."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("env", metavar="ENV", help="environment id, e.g. Hopper-v5")
    parent.add_argument("--expert", help=EXPERT_HELP)
    parent.add_argument("--seed", type=_seed, default=0, help="determines everything")
    return parent


def episodes() -> argparse.ArgumentParser:
    """Return the flag of a command that runs a number of episodes."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--episodes", type=positive, default=10, help="number of episodes"
    )
    return parent


def jobs() -> argparse.ArgumentParser:
    """Return the flag of a command that runs episodes side by side."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--jobs", type=_jobs, default=-1, help="processes; -1 is one for each core"
    )
    return parent
