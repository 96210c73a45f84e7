"""Windows of successive steps, and minibatches of them.

A minibatch is some windows, the longest first. In memory step t of all of them comes
before step t + 1 of those that are longer: what is computed at once for a step is one
block, without padding; what is computed for all steps at once too.
"""

from libc.string cimport memcpy, memset

from skimitate.kernels.descent cimport check_length


cdef struct Windows:
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t state_size
    const float* X
    const float* y              # or NULL
    const float* sample_weight  # or NULL
    const Py_ssize_t* starts
    const Py_ssize_t* lengths
    const float* states         # before each window


cdef struct Minibatch:
    Py_ssize_t* offsets         # of the first row of each step, and the end of the last
    Py_ssize_t n_times
    Py_ssize_t n_rows
    Py_ssize_t n_labels
    float* inputs
    float* targets
    float* weights
    float* before               # state before each step, given before the first ones


cdef inline void gather(
    const Windows* data,
    Py_ssize_t first,
    Py_ssize_t n_windows,
    Minibatch* batch,
) noexcept nogil:
    """Copy the steps of some windows together, and the states that they begin in."""
    cdef:
        Py_ssize_t t, i, source, row = 0, n_labels = 0, n_active = n_windows
        Py_ssize_t n_in = data.n_in
        Py_ssize_t n_out = data.n_out
        Py_ssize_t width = data.state_size
    batch.n_times = data.lengths[first]
    for t in range(batch.n_times):
        batch.offsets[t] = row
        while data.lengths[first + n_active - 1] <= t:
            n_active -= 1
        for i in range(n_active):
            source = data.starts[first + i] + t
            memcpy(
                batch.inputs + row * n_in, data.X + source * n_in,
                n_in * sizeof(float),
            )
            if data.y != NULL:
                memcpy(
                    batch.targets + row * n_out, data.y + source * n_out,
                    n_out * sizeof(float),
                )
            if data.sample_weight != NULL:
                batch.weights[row] = data.sample_weight[source]
                n_labels += batch.weights[row] > 0.0
            row += 1
    batch.offsets[batch.n_times] = row
    batch.n_rows = row
    batch.n_labels = row if data.sample_weight == NULL else n_labels
    memcpy(batch.before, data.states + first * width, n_windows * width * sizeof(float))


cdef inline int set_windows(
    Windows* data,
    Py_ssize_t n_in,
    Py_ssize_t n_out,
    Py_ssize_t state_size,
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[::1] starts,
    const Py_ssize_t[::1] lengths,
    const float[:, ::1] states,
) except -1:
    """Describe windows of data, once these are checked."""
    cdef Py_ssize_t i, n_windows = starts.shape[0], n_samples = X.shape[0]
    check_length("a row of X", X.shape[1], n_in)
    if y is not None:
        check_length("a row of y", y.shape[1], n_out)
        check_length("y", y.shape[0], n_samples)
    check_length("lengths", lengths.shape[0], n_windows)
    check_length("states", states.shape[0], n_windows)
    check_length("a row of states", states.shape[1], state_size)
    if sample_weight is not None:
        check_length("sample_weight", sample_weight.shape[0], n_samples)
    for i in range(n_windows):
        if not (starts[i] >= 0 and 1 <= lengths[i] <= n_samples - starts[i]):
            raise ValueError(
                f"starts and lengths must be those of windows of {n_samples} samples, "
                f"got {starts[i]} and {lengths[i]}"
            )
    memset(data, 0, sizeof(Windows))
    data.n_in, data.n_out, data.state_size = n_in, n_out, state_size
    if n_windows > 0:
        data.X = &X[0, 0]
        if y is not None:
            data.y = &y[0, 0]
        data.starts, data.lengths = &starts[0], &lengths[0]
        data.states = &states[0, 0]
        if sample_weight is not None:
            data.sample_weight = &sample_weight[0]
    return 0
