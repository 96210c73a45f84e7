# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Kernel: mean and variance of a stream, block by block, mergeable.

The state of a stream is a float64 array of shape (4, n_features) whose rows are

    COUNT     the number (or the total weight) of the values seen,
    MEAN      their mean, rounded to float64,
    RESIDUAL  what that rounding left out: the mean is MEAN + RESIDUAL,
    M2        the sum of the squared deviations from the mean.

Blocks are reduced by the corrected two-pass algorithm and joined by the pairwise
formula of Chan, Golub and LeVeque ("Updating formulae and a pairwise algorithm for
computing sample variances", 1979, equations 2.1). Their formula needs the difference
of two means, and with a mean of 1e8 times the spread a mean in one float64 would be
off by 1e-8 of the spread at each of the merges; hence RESIDUAL.
"""

from cython cimport floating
from libc.math cimport isnan
from libc.stdlib cimport free, llabs, malloc

# A block of this many float64 values stays in the level-2 cache for its two passes.
cdef enum:
    BLOCK_VALUES = 16384
    MAX_BLOCK_ROWS = 256

cdef enum:
    COUNT = 0
    MEAN = 1
    RESIDUAL = 2
    M2 = 3


cdef inline void merge_feature(
    double[:, ::1] state,
    Py_ssize_t j,
    double count,
    double mean,
    double residual,
    double m2,
) noexcept nogil:
    """Join the moments of further values of feature j to its state."""
    cdef double total, delta, fraction, shift, moved, virtual
    if count == 0.0:
        return
    if state[COUNT, j] == 0.0:
        state[COUNT, j] = count
        state[MEAN, j] = mean
        state[RESIDUAL, j] = residual
        state[M2, j] = m2
        return
    total = state[COUNT, j] + count
    fraction = count / total
    delta = (mean - state[MEAN, j]) + (residual - state[RESIDUAL, j])
    state[M2, j] += m2 + delta * delta * state[COUNT, j] * fraction
    shift = state[RESIDUAL, j] + delta * fraction
    # Knuth's TwoSum: moved + new residual == old mean + shift, exactly.
    moved = state[MEAN, j] + shift
    virtual = moved - state[MEAN, j]
    state[RESIDUAL, j] = (state[MEAN, j] - (moved - virtual)) + (shift - virtual)
    state[MEAN, j] = moved
    state[COUNT, j] = total


cdef void load_block(
    const floating[:, :] X,
    Py_ssize_t start,
    Py_ssize_t n_rows,
    double* block,
) noexcept nogil:
    """Copy rows of X to a contiguous float64 block, along the faster axis of X."""
    cdef Py_ssize_t i, j, n_features = X.shape[1]
    if llabs(X.strides[1]) <= llabs(X.strides[0]):
        for i in range(n_rows):
            for j in range(n_features):
                block[i * n_features + j] = X[start + i, j]
    else:
        for j in range(n_features):
            for i in range(n_rows):
                block[i * n_features + j] = X[start + i, j]


cdef void reduce_block(
    const double* block,
    const double* weights,
    Py_ssize_t n_rows,
    Py_ssize_t n_features,
    double* scratch,
    double[:, ::1] state,
) noexcept nogil:
    """Join the moments of one block to the state.

    ``scratch`` has room for 4 * n_features values; ``weights`` holds n_rows values.
    """
    cdef:
        Py_ssize_t i, j
        double w, d, x
        const double* row
        double* count = scratch
        double* mean = scratch + n_features
        double* first = scratch + 2 * n_features
        double* second = scratch + 3 * n_features
    for j in range(4 * n_features):
        scratch[j] = 0.0
    for i in range(n_rows):
        w = weights[i]
        if w == 0.0:
            continue
        row = block + i * n_features
        for j in range(n_features):
            x = row[j]
            # A select and not a branch, so that the loop vectorizes.
            count[j] += 0.0 if isnan(x) else w
            mean[j] += 0.0 if isnan(x) else w * x
    for j in range(n_features):
        mean[j] = mean[j] / count[j] if count[j] > 0.0 else 0.0
    for i in range(n_rows):
        w = weights[i]
        if w == 0.0:
            continue
        row = block + i * n_features
        for j in range(n_features):
            d = row[j] - mean[j]
            d = 0.0 if isnan(d) else d
            first[j] += w * d
            second[j] += w * d * d
    for j in range(n_features):
        if count[j] > 0.0:
            d = first[j] / count[j]
            x = second[j] - first[j] * d
            merge_feature(state, j, count[j], mean[j], d, x if x > 0.0 else 0.0)


def update(
    const floating[:, :] X,
    const double[::1] sample_weight,
    double[:, ::1] state,
):
    """Add the rows of X to the statistics.

    Parameters
    ----------
    X : memoryview of shape (n_samples, n_features), float32 or float64
        Rows to add, with any strides. NaN counts as missing.
    sample_weight : memoryview of shape (n_samples,) or None
        Non-negative weights of the rows; None for 1 each.
    state : memoryview of shape (4, n_features)
        Count, mean, residual of the mean, and sum of squared deviations; changed
        in place.

    Raises
    ------
    ValueError
        If the shapes do not match.
    MemoryError
        If there is no room for the scratch block.
    """
    cdef:
        Py_ssize_t n_samples = X.shape[0]
        Py_ssize_t n_features = X.shape[1]
        Py_ssize_t block_rows, start, n_rows, i
        bint weighted = sample_weight is not None
        double* block
        double* weights
        double* scratch
    if state.shape[0] != 4 or state.shape[1] != n_features:
        raise ValueError(
            f"state must have shape (4, {n_features}), "
            f"got ({state.shape[0]}, {state.shape[1]})"
        )
    if weighted and sample_weight.shape[0] != n_samples:
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), "
            f"got ({sample_weight.shape[0]},)"
        )
    if n_samples == 0 or n_features == 0:
        return
    block_rows = min(max(BLOCK_VALUES // n_features, 1), MAX_BLOCK_ROWS, n_samples)
    block = <double*> malloc(
        (block_rows * n_features + block_rows + 4 * n_features) * sizeof(double)
    )
    if block == NULL:
        raise MemoryError("no room for a block of running statistics")
    weights = block + block_rows * n_features
    scratch = weights + block_rows
    with nogil:
        for i in range(block_rows):
            weights[i] = 1.0
        start = 0
        while start < n_samples:
            n_rows = min(block_rows, n_samples - start)
            load_block(X, start, n_rows, block)
            if weighted:
                for i in range(n_rows):
                    weights[i] = sample_weight[start + i]
            reduce_block(block, weights, n_rows, n_features, scratch, state)
            start += n_rows
        free(block)


def merge(const double[:, ::1] other, double[:, ::1] state):
    """Join the statistics of another stream to those of this one.

    Parameters
    ----------
    other : memoryview of shape (4, n_features)
        State of the other stream.
    state : memoryview of shape (4, n_features)
        State of this stream; changed in place.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    cdef Py_ssize_t j
    if other.shape[0] != 4 or state.shape[0] != 4 or other.shape[1] != state.shape[1]:
        raise ValueError(
            f"states must have equal shapes (4, n_features), got "
            f"({state.shape[0]}, {state.shape[1]}) and "
            f"({other.shape[0]}, {other.shape[1]})"
        )
    with nogil:
        for j in range(state.shape[1]):
            merge_feature(
                state,
                j,
                other[COUNT, j],
                other[MEAN, j],
                other[RESIDUAL, j],
                other[M2, j],
            )


def standardize(
    const floating[:, :] X,
    const double[::1] mean,
    const double[::1] scale,
    double clip,
    floating[:, :] out,
):
    """Write (X - mean) / scale to out, limited to [-clip, clip]; NaN stays NaN.

    The arithmetic is float64 whatever the type of X, since a float32 mean would be
    off by much of the spread where the mean is large.

    Parameters
    ----------
    X : memoryview of shape (n_samples, n_features), float32 or float64
        Values, with any strides.
    mean, scale : memoryviews of shape (n_features,)
        What is subtracted, and what is then divided by.
    clip : float
        Limit of the absolute value; infinity for none.
    out : memoryview of shape (n_samples, n_features), of the type of X
        Where the result goes; may be X itself.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    cdef:
        Py_ssize_t i, j
        Py_ssize_t n_samples = X.shape[0]
        Py_ssize_t n_features = X.shape[1]
        double z
    check_shapes(n_samples, n_features, mean, scale, out.shape[0], out.shape[1])
    with nogil:
        for i in range(n_samples):
            for j in range(n_features):
                z = (X[i, j] - mean[j]) / scale[j]
                if z > clip:
                    z = clip
                elif z < -clip:
                    z = -clip
                out[i, j] = <floating> z


def unstandardize(
    const floating[:, :] X,
    const double[::1] mean,
    const double[::1] scale,
    floating[:, :] out,
):
    """Write X * scale + mean to out: the inverse of ``standardize`` without clip.

    Parameters
    ----------
    X : memoryview of shape (n_samples, n_features), float32 or float64
        Standardized values, with any strides.
    mean, scale : memoryviews of shape (n_features,)
        What is added, and what is multiplied by before.
    out : memoryview of shape (n_samples, n_features), of the type of X
        Where the result goes; may be X itself.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    cdef:
        Py_ssize_t i, j
        Py_ssize_t n_samples = X.shape[0]
        Py_ssize_t n_features = X.shape[1]
    check_shapes(n_samples, n_features, mean, scale, out.shape[0], out.shape[1])
    with nogil:
        for i in range(n_samples):
            for j in range(n_features):
                out[i, j] = <floating> (X[i, j] * scale[j] + mean[j])


cdef int check_shapes(
    Py_ssize_t n_samples,
    Py_ssize_t n_features,
    const double[::1] mean,
    const double[::1] scale,
    Py_ssize_t out_samples,
    Py_ssize_t out_features,
) except -1:
    if mean.shape[0] != n_features or scale.shape[0] != n_features:
        raise ValueError(
            f"mean and scale must have shape ({n_features},), "
            f"got ({mean.shape[0]},) and ({scale.shape[0]},)"
        )
    if out_samples != n_samples or out_features != n_features:
        raise ValueError(
            f"out must have shape ({n_samples}, {n_features}), "
            f"got ({out_samples}, {out_features})"
        )
    return 0
