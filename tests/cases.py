"""Cases of one test: a few are tried at once, and the others where it is slow."""

import pytest


def quick_first(cases, *quick):
    """Return parameters of a test: all cases, marked slow but for the quick ones."""
    cases = list(cases)
    assert set(quick) < set(cases), "a quick case is none of the cases, or all are"
    return [
        case if case in quick else pytest.param(case, marks=pytest.mark.slow)
        for case in cases
    ]
