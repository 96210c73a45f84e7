"""Classes and what stands for them: as scikit-learn and plain Python would have it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.preprocessing import LabelEncoder

from skimitate.cloning._classes import Classes

KINDS = {
    "numbers": [-3, 0, 1, 2, 7],
    "fractions": [-0.5, 0.0, 0.25, 1.0],
    "strings": ["brake", "left", "right", "straight on"],
    "bools": [False, True],
}


@st.composite
def labels(draw, min_rows=1):
    """Labels of some outputs, all of them of one kind."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    n_rows, n_outputs = draw(st.integers(min_rows, 12)), draw(st.integers(1, 3))
    row = st.lists(st.sampled_from(KINDS[kind]), min_size=n_outputs, max_size=n_outputs)
    return np.array(draw(st.lists(row, min_size=n_rows, max_size=n_rows)))


@settings(max_examples=25)
@given(labels())
def test_classes_are_those_that_occur_in_order(y):
    classes = Classes.seen_in(y)
    assert len(classes.of_outputs) == y.shape[1]
    for found, column in zip(classes.of_outputs, y.T, strict=True):
        assert found.tolist() == sorted(set(column.tolist()))
    public = [classes.public] if y.shape[1] == 1 else classes.public
    assert Classes.fitted(classes.public) == classes
    for shown, found in zip(public, classes.of_outputs, strict=True):
        assert_array_equal(shown, found)


@settings(max_examples=25)
@given(labels())
def test_a_code_is_what_a_label_encoder_gives(y):
    codes = Classes.seen_in(y).codes(y)
    for column, given_codes in zip(y.T, codes.T, strict=True):
        assert_array_equal(given_codes, LabelEncoder().fit_transform(column))


@settings(max_examples=25)
@given(labels())
def test_there_and_back_again(y):
    classes = Classes.seen_in(y)
    codes = classes.codes(y)
    assert_array_equal(classes.labels(codes), y)
    hot = classes.one_hot(codes)
    assert hot.shape == (len(y), sum(classes.widths))
    assert_array_equal(hot.sum(axis=1), np.full(len(y), y.shape[1]))
    assert_array_equal(classes.highest(hot), codes)
    assert_array_equal(classes.chosen(hot), y)
    for row, label in zip(hot, y, strict=True):
        alone = classes.chosen(row)
        assert alone.shape == label.shape
        assert alone.dtype == classes.chosen(hot).dtype
        assert_array_equal(alone, label)


@settings(max_examples=25)
@given(labels(), st.integers(0, 2**32))
def test_probabilities_are_a_softmax_of_each_output(y, seed):
    classes = Classes.seen_in(y)
    units = np.random.default_rng(seed).normal(0, 300, (5, sum(classes.widths)))
    found = classes.probabilities(units)
    begin = 0
    for block, width in zip(found, classes.widths, strict=True):
        assert_allclose(block, softmax(units[:, begin : begin + width], axis=1))
        begin += width
    highest = [block.argmax(axis=1) for block in found]
    assert_array_equal(classes.highest(units), np.stack(highest, axis=1))


@settings(max_examples=25)
@given(labels(min_rows=2), st.data())
def test_what_is_none_of_the_classes_is_named(y, data):
    column = data.draw(st.integers(0, y.shape[1] - 1))
    row = data.draw(st.integers(0, len(y) - 1))
    odd = y[row, column]
    others = [label for label in np.unique(y[:, column]) if label != odd]
    if not others:
        return
    told = [np.unique(y[:, i]) for i in range(y.shape[1])]
    told[column] = np.array(others)
    with pytest.raises(ValueError, match=r"^y_val: expected one of the cl.*, got") as e:
        Classes(told).codes(y, "y_val")
    assert str(e.value).endswith(repr(odd.item()))
    assert (f"in column {column}" in str(e.value)) == (y.shape[1] > 1)


def test_many_classes_are_not_all_listed():
    classes = Classes([np.arange(1000)])
    with pytest.raises(ValueError, match=r"classes 0, 1, 2, \.\.\., 999, got 1000$"):
        classes.codes(np.array([[1000]]))


@pytest.mark.parametrize(
    ("known", "given_labels"),
    [
        ([0, 1], ["0", "1"]),
        (["0", "1"], [0, 1]),
        (["0", "1"], [False, True]),
        ([0, 1], np.array(["0", "1"], dtype=object)),
        (np.array(["0", "1"], dtype=object), [0, 1]),
    ],
)
def test_a_number_is_no_text(known, given_labels):
    classes = Classes([np.array(known)])
    with pytest.raises(ValueError, match=r"y: expected one of the classes .*, got"):
        classes.codes(np.array(given_labels)[:, np.newaxis])


@pytest.mark.parametrize(
    ("known", "given_labels", "codes"),
    [
        ([0, 1], [1.0, 0.0], [1, 0]),
        ([0, 1], [True, False], [1, 0]),
        ([False, True], [1, 0], [1, 0]),
        (["a", "bc"], np.array(["bc", "a"], dtype=object), [1, 0]),
        (np.array(["a", "bc"], dtype=object), ["bc", "a"], [1, 0]),
    ],
)
def test_equal_is_the_same(known, given_labels, codes):
    found = Classes([np.array(known)]).codes(np.array(given_labels)[:, np.newaxis])
    assert found.ravel().tolist() == codes


@pytest.mark.parametrize(
    ("classes", "n_outputs", "expected"),
    [
        ([2, 0, 1, 0], 1, [[0, 1, 2]]),
        ([[2, 0]], 1, [[0, 2]]),
        (np.array(["b", "a"]), 1, [["a", "b"]]),
        (range(3), 1, [[0, 1, 2]]),
        ([[1, 0], [2, 1, 0]], 2, [[0, 1], [0, 1, 2]]),
        (np.array([[1, 0], [5, 6]]), 2, [[0, 1], [5, 6]]),
    ],
)
def test_what_a_user_tells(classes, n_outputs, expected):
    told = Classes.told(classes, n_outputs)
    assert [one.tolist() for one in told.of_outputs] == expected


@pytest.mark.parametrize(
    ("classes", "n_outputs", "error"),
    [
        ([], 1, ValueError),
        ([0, 1], 2, ValueError),
        ([[0, 1]], 2, ValueError),
        ([[0, 1], []], 2, ValueError),
        ([[0, 1], [0, 1]], 1, ValueError),
        ([[0, 1], [0, 1, 2]], 1, ValueError),
        (3, 1, ValueError),
        ([0, "left", None], 1, TypeError),
        (3, 2, (TypeError, ValueError)),
    ],
)
def test_what_a_user_should_not_tell(classes, n_outputs, error):
    with pytest.raises(error, match=r"^classes: expected"):
        Classes.told(classes, n_outputs)


def test_equal_classes():
    one = Classes([np.array([0, 1]), np.array([0, 1, 2])])
    assert one == Classes([np.array([0, 1]), np.array([0, 1, 2])])
    assert one != Classes([np.array([0, 1]), np.array([0, 1, 3])])
    assert one != Classes([np.array([0, 1])])
    assert one != [[0, 1], [0, 1, 2]]
