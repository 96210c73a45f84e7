"""Public docstrings: their sections are there, and their examples run."""

import doctest
import inspect

import pytest

import skimitate

# Constants are described beside them.
NAMES = [name for name in skimitate.__all__ if not name.isupper()]
PUBLIC = [getattr(skimitate, name) for name in NAMES]


def public_functions(public):
    if inspect.isfunction(public):
        return [public]
    return [
        member
        for name, member in inspect.getmembers(public, inspect.isfunction)
        if not name.startswith("_") and member.__module__.startswith("skimitate")
    ]


def run_examples(documented):
    """Run the examples of one docstring, and return how many there are."""
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    finder = doctest.DocTestFinder(recurse=False)
    for test in finder.find(documented, documented.__qualname__):
        assert runner.run(test).failed == 0
    return runner.tries


# Whole runs of DAgger, several of them.
SLOW = {"DAggerClassifier", "DAggerRegressor", "ReturnCurveDisplay"}


@pytest.mark.parametrize(
    "public",
    [
        pytest.param(public, marks=pytest.mark.slow if name in SLOW else [])
        for name, public in zip(NAMES, PUBLIC, strict=True)
    ],
    ids=NAMES,
)
def test_examples_run(public):
    assert run_examples(public) > 0


def test_examples_of_methods_run():
    methods = {
        method
        for public in PUBLIC
        if inspect.isclass(public)
        for method in public_functions(public)
    }
    assert sum(map(run_examples, methods)) > 0


@pytest.mark.parametrize("public", PUBLIC, ids=NAMES)
def test_sections_are_there(public):
    for function in public_functions(public):
        parameters = [p for p in inspect.signature(function).parameters if p != "self"]
        docs = inspect.getdoc(function)
        for parameter in parameters:
            assert parameter in docs.split("Parameters\n", 1)[1], function
        if function.__annotations__.get("return") not in (None, "None"):
            assert "Returns\n" in docs, function
        assert "return" in function.__annotations__, function


@pytest.mark.parametrize("public", PUBLIC, ids=NAMES)
def test_every_parameter_is_documented_and_annotated(public):
    signature = inspect.signature(public)
    described = inspect.getdoc(public).partition("Parameters\n")[2]
    for name, parameter in signature.parameters.items():
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        assert f"\n{stars}{name}" in described or f", {name}" in described
        assert parameter.annotation is not inspect.Parameter.empty
