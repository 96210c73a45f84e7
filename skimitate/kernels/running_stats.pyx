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

Squares leave the range of float64 long before the values do. M2 that overflowed is not
finite; M2 that underflowed is never 0 where values differ by more than rounding (see
``ROUNDING`` in vector_math.h), so that 0 stays the mark of a constant.
"""

from cython cimport floating
from libc.float cimport DBL_MIN
from libc.math cimport fabs, isfinite, isinf, isnan
from libc.stdlib cimport free, llabs, malloc

cdef extern from "vector_math.h" nogil:
    const double ROUNDING
    const double LEAST
    void column_sums_float(
        Py_ssize_t, Py_ssize_t, const float*, Py_ssize_t, double*
    )
    void column_sums_double(
        Py_ssize_t, Py_ssize_t, const double*, Py_ssize_t, double*
    )
    void column_deviations_float(
        Py_ssize_t, Py_ssize_t, const float*, Py_ssize_t, const double*,
        double*, double*,
    )
    void column_deviations_double(
        Py_ssize_t, Py_ssize_t, const double*, Py_ssize_t, const double*,
        double*, double*,
    )
    void correct_moments(Py_ssize_t, const double*, double*, double*)
    void join_moments(
        Py_ssize_t, const double*, const double*, const double*, const double*,
        double*, double*, double*, double*,
    )
    void standardize_float(
        Py_ssize_t, const float*, const double*, const double*, double, float*
    )
    void standardize_double(
        Py_ssize_t, const double*, const double*, const double*, double, double*
    )

# A block of this many values stays in the level-2 cache for its two passes, and is
# large enough that joining it to the state costs little beside them.
cdef enum:
    BLOCK_VALUES = 65536
    MAX_BLOCK_ROWS = 512

cdef enum:
    COUNT = 0
    MEAN = 1
    RESIDUAL = 2
    M2 = 3


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


cdef void join_block(
    Py_ssize_t n_features, double* scratch, double[:, ::1] state
) noexcept nogil:
    """Join a block to the state: counts, means, sums of deviations and of squares."""
    cdef:
        double* first = scratch + 2 * n_features
        double* second = scratch + 3 * n_features
    correct_moments(n_features, scratch, first, second)
    join_moments(
        n_features, scratch, scratch + n_features, first, second,
        &state[COUNT, 0], &state[MEAN, 0], &state[RESIDUAL, 0], &state[M2, 0],
    )


# The squares of the deviations from a mean beyond this underflow only where they are
# rounding: values of this size lie further apart, or are equal.
cdef double LARGE_MEAN = 1e-139


cdef void keep_spread(
    const double* rows,
    const double* weights,
    Py_ssize_t stride,
    Py_ssize_t n_rows,
    Py_ssize_t n_features,
    double* scratch,
) noexcept nogil:
    """Tell columns whose squares underflowed to 0 from those that are constant.

    Nearly all columns are passed over, and most of the others hold nothing but zeros.
    ``weights`` may be NULL.
    """
    cdef:
        Py_ssize_t i, j
        double residual
        double* count = scratch
        double* mean = scratch + n_features
        double* first = scratch + 2 * n_features
        double* second = scratch + 3 * n_features
    for j in range(n_features):
        if second[j] != 0.0 or fabs(mean[j]) > LARGE_MEAN or not count[j] > 0.0:
            continue
        residual = first[j] / count[j]
        for i in range(n_rows):
            if weights != NULL and weights[i] == 0.0:
                continue
            if (
                fabs((rows[i * stride + j] - mean[j]) - residual)
                > ROUNDING * fabs(mean[j])
            ):
                second[j] = LEAST
                break


cdef bint reduce_complete_block(
    const floating* rows,
    Py_ssize_t stride,
    Py_ssize_t n_rows,
    Py_ssize_t n_features,
    double* scratch,
    double[:, ::1] state,
) noexcept nogil:
    """Join the moments of a block to the state, unless something in it is not finite.

    ``rows`` lie ``stride`` values apart. Return whether the block was joined.
    """
    cdef:
        Py_ssize_t j
        double* count = scratch
        double* mean = scratch + n_features
        double* first = scratch + 2 * n_features
        double* second = scratch + 3 * n_features
    for j in range(n_features):
        count[j] = n_rows
        mean[j] = first[j] = second[j] = 0.0
    if floating is float:
        column_sums_float(n_rows, n_features, rows, stride, mean)
    else:
        column_sums_double(n_rows, n_features, rows, stride, mean)
    for j in range(n_features):
        if not isfinite(mean[j]):
            return False
        mean[j] /= n_rows
    if floating is float:
        column_deviations_float(
            n_rows, n_features, rows, stride, mean, first, second
        )
    else:
        column_deviations_double(
            n_rows, n_features, rows, stride, mean, first, second
        )
        # No square of a float32 is too small for float64.
        keep_spread(rows, NULL, stride, n_rows, n_features, scratch)
    join_block(n_features, scratch, state)
    return True


cdef bint reduce_block(
    const double* block,
    const double* weights,
    Py_ssize_t n_rows,
    Py_ssize_t n_features,
    double* scratch,
    double[:, ::1] state,
) noexcept nogil:
    """Join the moments of a block with weights or missing values to the state.

    ``scratch`` has room for 4 * n_features values; ``weights`` holds n_rows values.
    Return False, and leave the state alone, if there is an infinite value.
    """
    cdef:
        Py_ssize_t i, j
        double w, d, x
        const double* row
        double* count = scratch
        double* mean = scratch + n_features
        double* first = scratch + 2 * n_features
        double* second = scratch + 3 * n_features
    for i in range(n_rows * n_features):
        if isinf(block[i]):
            return False
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
    keep_spread(block, weights, n_features, n_rows, n_features, scratch)
    join_block(n_features, scratch, state)
    return True


cdef Py_ssize_t row_stride(
    Py_ssize_t row_bytes, Py_ssize_t column_bytes, Py_ssize_t value_bytes
) noexcept nogil:
    """Return how many values rows lie apart, or 0 if they are not dense."""
    if column_bytes != value_bytes or row_bytes % value_bytes != 0:
        return 0
    return row_bytes // value_bytes


cdef bint update_blocks(
    const floating[:, :] X,
    const double[::1] sample_weight,
    double[:, ::1] state,
    Py_ssize_t block_rows,
    double* block,
    double* weights,
    double* scratch,
) noexcept nogil:
    """Join X to the state block by block; return False at an infinite value."""
    cdef:
        Py_ssize_t n_samples = X.shape[0]
        Py_ssize_t n_features = X.shape[1]
        Py_ssize_t start = 0
        Py_ssize_t n_rows, i
        Py_ssize_t stride = row_stride(X.strides[0], X.strides[1], sizeof(floating))
        bint weighted = sample_weight is not None
    for i in range(block_rows):
        weights[i] = 1.0
    while start < n_samples:
        n_rows = min(block_rows, n_samples - start)
        if not weighted and stride != 0 and reduce_complete_block(
            &X[start, 0], stride, n_rows, n_features, scratch, state
        ):
            start += n_rows
            continue
        load_block(X, start, n_rows, block)
        if weighted:
            for i in range(n_rows):
                weights[i] = sample_weight[start + i]
        elif stride == 0 and reduce_complete_block(
            <const double*> block, n_features, n_rows, n_features, scratch, state
        ):
            start += n_rows
            continue
        if not reduce_block(block, weights, n_rows, n_features, scratch, state):
            return False
        start += n_rows
    return True


cdef object update_typed(
    const floating[:, :] X,
    const double[::1] sample_weight,
    double[:, ::1] state,
):
    """Add the rows of X to the statistics; see ``update``."""
    cdef:
        Py_ssize_t n_samples = X.shape[0]
        Py_ssize_t n_features = X.shape[1]
        Py_ssize_t block_rows
        double* block
        double* weights
        bint finite
    if state.shape[0] != 4 or state.shape[1] != n_features:
        raise ValueError(
            f"state must have shape (4, {n_features}), "
            f"got ({state.shape[0]}, {state.shape[1]})"
        )
    if sample_weight is not None and sample_weight.shape[0] != n_samples:
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), "
            f"got ({sample_weight.shape[0]},)"
        )
    if n_samples == 0 or n_features == 0:
        return True
    block_rows = min(max(BLOCK_VALUES // n_features, 1), MAX_BLOCK_ROWS, n_samples)
    block = <double*> malloc(
        (block_rows * n_features + block_rows + 4 * n_features) * sizeof(double)
    )
    if block == NULL:
        raise MemoryError("no room for a block of running statistics")
    weights = block + block_rows * n_features
    with nogil:
        finite = update_blocks(
            X, sample_weight, state, block_rows, block, weights, weights + block_rows
        )
        free(block)
    return finite


def update(X, const double[::1] sample_weight, double[:, ::1] state):
    """Add the rows of X to the statistics.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Rows to add, with any strides. NaN counts as missing.
    sample_weight : memoryview of shape (n_samples,) or None
        Non-negative weights of the rows; None for 1 each.
    state : memoryview of shape (4, n_features)
        Count, mean, residual of the mean, and sum of squared deviations; changed
        in place.

    Returns
    -------
    bool
        False if X holds an infinite value; the state is then of no use.

    Raises
    ------
    ValueError
        If the shapes or the type do not match.
    MemoryError
        If there is no room for the scratch block.
    """
    # By hand: Cython's own choice among fused types takes a microsecond.
    if X.itemsize == sizeof(float):
        return update_typed[float](X, sample_weight, state)
    return update_typed[double](X, sample_weight, state)


def in_range(const double[:, ::1] state):
    """Tell whether all statistics are within the range where float64 is accurate.

    Parameters
    ----------
    state : memoryview of shape (4, n_features)
        State of a stream.

    Returns
    -------
    bool
        False if a mean or a sum of squares is not finite, or if a sum of squares is
        not 0 and yet so small that its parts may have underflowed.
    """
    cdef:
        Py_ssize_t j
        double squares
        bint good = True
    for j in range(state.shape[1]):
        squares = state[M2, j]
        good &= isfinite(squares) and isfinite(state[MEAN, j]) and (
            squares == 0.0 or squares >= DBL_MIN * max(state[COUNT, j], 1.0)
        )
    return good


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
    if other.shape[0] != 4 or state.shape[0] != 4 or other.shape[1] != state.shape[1]:
        raise ValueError(
            f"states must have equal shapes (4, n_features), got "
            f"({state.shape[0]}, {state.shape[1]}) and "
            f"({other.shape[0]}, {other.shape[1]})"
        )
    if state.shape[1] == 0:
        return
    with nogil:
        join_moments(
            state.shape[1],
            &other[COUNT, 0], &other[MEAN, 0], &other[RESIDUAL, 0], &other[M2, 0],
            &state[COUNT, 0], &state[MEAN, 0], &state[RESIDUAL, 0], &state[M2, 0],
        )


def standardize(
    const floating[:, :] X,
    const double[::1] mean,
    const double[::1] scale,
    double clip,
    floating[:, :] out,
):
    """Write (X - mean) * (1 / scale) to out, limited to [-clip, clip]; NaN stays NaN.

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
        double* factor
        bint dense = (
            X.strides[1] == sizeof(floating) and out.strides[1] == sizeof(floating)
        )
    check_shapes(n_samples, n_features, mean, scale, out.shape[0], out.shape[1])
    if n_samples == 0 or n_features == 0:
        return
    factor = <double*> malloc(n_features * sizeof(double))
    if factor == NULL:
        raise MemoryError("no room for the factors of a standardization")
    with nogil:
        for j in range(n_features):
            factor[j] = 1.0 / scale[j]
        for i in range(n_samples):
            if dense:
                if floating is float:
                    standardize_float(
                        n_features, &X[i, 0], &mean[0], factor, clip, &out[i, 0]
                    )
                else:
                    standardize_double(
                        n_features, &X[i, 0], &mean[0], factor, clip, &out[i, 0]
                    )
            else:
                for j in range(n_features):
                    z = (X[i, j] - mean[j]) * factor[j]
                    z = clip if z > clip else z
                    z = -clip if z < -clip else z
                    out[i, j] = <floating> z
        free(factor)


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
