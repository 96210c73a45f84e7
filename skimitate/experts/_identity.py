"""What tells experts apart."""

import hashlib
import importlib
from pathlib import Path

from skimitate.experts._bundled import bundled_content, bundled_experts
from skimitate.experts._vec_normalize import statistics_beside


def identify_expert(spec: str) -> str:
    """Return what tells an expert that a command-line argument names from others.

    Parameters
    ----------
    spec : str
        See :func:`skimitate.load_expert`; of something that it loaded.

    Returns
    -------
    str
        The name, without its folder, and a checksum of the file if there is one.
    """
    path = Path(spec)
    if spec in bundled_experts():
        content, name = bundled_content(spec), f"bundled {spec}"
    elif path.is_file():
        content, name = path.read_bytes(), path.name
        statistics = statistics_beside(path) if path.suffix.lower() == ".zip" else None
        if statistics is not None:
            content += statistics.read_bytes()
    else:
        module = importlib.import_module(spec.partition(":")[0])
        file = getattr(module, "__file__", None)
        content, name = Path(file).read_bytes() if file else b"", spec
    return f"{name} (sha256 {hashlib.sha256(content).hexdigest()[:16]})"
