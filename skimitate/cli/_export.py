"""``skimitate export``: write a policy as a file that other programs read."""

import argparse
from pathlib import Path
from typing import Any

from skimitate.cli import _flags
from skimitate.cli._environments import find_env
from skimitate.cli._policies import load_policy_named

HELP = "write a policy as C, ONNX or safetensors"
PARENTS = (_flags.env_args,)

_SUFFIXES = (".h", ".onnx", ".safetensors")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what this command alone takes."""
    parser.add_argument("model", metavar="MODEL", help=_flags.KINDS)
    parser.add_argument(
        "--to",
        required=True,
        metavar="FILE",
        type=Path,
        help="where to (no default); .h is one C99 header, .onnx an ONNX graph, "
        ".safetensors what load_policy reads",
    )
    parser.add_argument(
        "--env",
        help="environment to whose action space C and ONNX clip (default: that of what "
        "DAgger learnt in, if MODEL is its joblib file and no other is read instead; "
        "that of a stable-baselines3 model; else they do not clip, and say so)",
    )
    parser.add_argument(
        "--name",
        help="what names in C begin with (default: policy)",
    )
    parser.add_argument(
        "--weights",
        choices=("float32", "float16", "int8"),
        help="how C keeps weights (default: float32)",
    )


def act(args: argparse.Namespace) -> None:
    """Load, write, and print what there is now."""
    _check(args)
    policy, own_space = _loaded(args.model)
    suffix, told = args.to.suffix, ""
    if suffix == ".safetensors":
        from skimitate.formats._safetensors import save_policy

        save_policy(policy, args.to)
    else:
        space = own_space if args.env is None else _action_space(args, policy)
        if suffix == ".onnx":
            from skimitate.formats.onnx._export import export_onnx

            export_onnx(policy, args.to, action_space=space)
        else:
            from skimitate.formats.c._export import export_c

            name, weights = args.name or "policy", args.weights or "float32"
            export_c(policy, args.to, name=name, weights=weights, action_space=space)
        if space is None and not _has_classes(policy):
            told = "; actions are not clipped (--env says to what they would be)"
    print(f"wrote {args.to}: {args.to.stat().st_size:,} bytes{told}")


def _check(args: argparse.Namespace) -> None:
    """Raise if a file cannot be written there, or an option is about another kind."""
    _flags.check_file(args.to, _SUFFIXES, "--to")
    if args.to.suffix != ".h":
        for option in ("name", "weights"):
            if getattr(args, option) is not None:
                raise ValueError(
                    f"--{option}: expected a file in C, --to FILE.h, got {args.to}"
                )
    if args.to.suffix == ".safetensors" and args.env is not None:
        raise ValueError(
            f"--env: expected a file that clips, .h or .onnx, got {args.to}: whoever "
            "reads it does"
        )
    if args.env is None and args.env_arg:
        raise ValueError("--env-arg: expected --env with it, got none")


def _loaded(spec: str) -> tuple[Any, Any]:
    """Return what is written, and the action space that it knows, None if none."""
    from skimitate.experts._stable_baselines3 import StableBaselines3Expert
    from skimitate.formats._bounds import space_of

    policy = load_policy_named(spec, "MODEL")
    if not isinstance(policy, StableBaselines3Expert):
        return policy, space_of(policy)
    from skimitate.reinforcement._from_model import from_stable_baselines3

    space = policy.action_space
    is_clipped = hasattr(space, "low")  # not classes
    return from_stable_baselines3(policy), space if is_clipped else None


def _action_space(args: argparse.Namespace, policy: Any) -> Any:
    """Return the action space of the environment that is named."""
    from skimitate.environments._make import open_env
    from skimitate.experts._check import check_widths

    named = find_env(args.env, args.env_arg, "--env")
    check_widths(named.made_by, policy, "MODEL", named.name)
    with open_env(named.made_by) as env:
        return env.action_space


def _has_classes(policy: Any) -> bool:
    """Tell whether actions are classes, which nobody clips."""
    from skimitate.formats._exportable import exportable
    from skimitate.formats._networks import classes_of

    return classes_of(exportable(policy, "MODEL", lambda _: True)) is not None
