"""The experts that come with the package: networks in files, and rules."""

from importlib import resources
from pathlib import Path

from skimitate.data._bundled import bundled_files
from skimitate.experts import _classic_control
from skimitate.experts._classic_control import RULES, RuleExpert
from skimitate.experts._network_expert import NetworkExpert


def bundled_experts() -> list[str]:
    """Return the ids of the environments that have a bundled expert, sorted."""
    return sorted({*bundled_files("experts"), *RULES})


def load_bundled(env_id: str) -> NetworkExpert | RuleExpert:
    """Return the bundled expert for an environment.

    Parameters
    ----------
    env_id : str
        One of :func:`bundled_experts`.

    Returns
    -------
    NetworkExpert or RuleExpert
    """
    if env_id in RULES:
        return RuleExpert(env_id)
    with resources.as_file(bundled_files("experts")[env_id]) as path:
        return NetworkExpert.load(path)


def bundled_content(env_id: str) -> bytes:
    """Return what a bundled expert is made of: its file, or that of all rules.

    Parameters
    ----------
    env_id : str
        One of :func:`bundled_experts`.

    Returns
    -------
    bytes
    """
    if env_id in RULES:
        return Path(str(_classic_control.__file__)).read_bytes()
    return bundled_files("experts")[env_id].read_bytes()
