# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Kernel: one epoch of training a recurrent network by truncated back-propagation.

A network is a layer of recurrent cells, and fully connected layers from their output.
Its parameters lie in one row, those of the cells first.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from skimitate.kernels.cells cimport (
    CELL_LOOPS,
    Cells,
    N_CELLS,
    Trace,
    gates_width,
    panels_size,
    places_of,
    run_cells,
    run_cells_back,
    state_size,
    step_cells,
)
from skimitate.kernels.descent cimport (
    Descent,
    Loss,
    check_length,
    descend,
    output_gradient,
    set_loss,
)
from skimitate.kernels.layers cimport (
    Layers,
    count_parameters,
    outputs_of,
    run_layers,
    run_layers_back,
    set_layers,
    widest_of,
)
from skimitate.kernels.windows cimport Minibatch, Windows, gather, set_windows

cdef extern from "vector_math.h" nogil:
    unsigned int flush_denormals()
    void restore_denormals(unsigned int)

CELLS = {CELL_LOOPS[i].name.decode(): i for i in range(N_CELLS)}

# BLAS counts in C ints; this many rows of four gates do.
cdef Py_ssize_t MAX_INT = 2147483647
cdef Py_ssize_t MAX_WIDTH = 1 << 24


cdef struct Network:
    Cells cells
    Layers layers               # from the cells' output
    Loss loss


cdef inline Py_ssize_t n_inputs(const Network* net) noexcept nogil:
    return net.cells.n_in


cdef inline Py_ssize_t n_outputs(const Network* net) noexcept nogil:
    return net.layers.sizes[net.layers.n_layers]


cdef class Workspace:
    """Memory of a training step: the minibatch, what is kept of each of its steps."""

    cdef float* memory
    cdef float** pointers
    cdef Minibatch batch
    cdef Trace trace
    cdef float** activations    # of the layers; the first are the states
    cdef float** deltas         # gradients by them, but for the first
    cdef float* gradient

    def __dealloc__(self):
        free(self.memory)
        free(self.pointers)
        free(self.batch.offsets)

    cdef int allocate(
        self,
        const Network* net,
        Py_ssize_t n_parameters,
        Py_ssize_t batch_size,
        Py_ssize_t n_rows,
        Py_ssize_t n_times,
    ) except -1:
        """Take memory for minibatches of so many windows, rows and steps at most."""
        cdef:
            Py_ssize_t n = net.cells.n_hidden
            Py_ssize_t width = state_size(&net.cells)
            Py_ssize_t wide = gates_width(&net.cells)
            Py_ssize_t n_layers = net.layers.n_layers
            Py_ssize_t fixed = n_parameters + batch_size * width + wide
            Py_ssize_t per_row = n_inputs(net) + n_outputs(net) + 1 + wide + n
            Py_ssize_t layer
            float* start
        fixed += max(panels_size(n, wide), panels_size(wide, n))
        per_row += 2 * width
        for layer in range(1, n_layers + 1):
            per_row += 2 * net.layers.sizes[layer]
        if per_row <= ((<Py_ssize_t> 1 << 60) - fixed) // n_rows:
            self.memory = <float*> malloc((per_row * n_rows + fixed) * sizeof(float))
        self.pointers = <float**> malloc((2 * n_layers + 1) * sizeof(float*))
        self.batch.offsets = <Py_ssize_t*> malloc((n_times + 1) * sizeof(Py_ssize_t))
        if not (self.memory and self.pointers and self.batch.offsets):
            raise MemoryError(
                f"no room for minibatches of {n_rows} steps: reduce batch_size or "
                "bptt_steps"
            )
        self.activations = self.pointers
        self.deltas = self.pointers + n_layers + 1
        start = self.memory
        self.gradient, start = start, start + n_parameters
        self.batch.inputs, start = start, start + n_rows * n_inputs(net)
        self.batch.targets, start = start, start + n_rows * n_outputs(net)
        self.batch.weights, start = start, start + n_rows
        self.batch.before, start = start, start + n_rows * width
        self.trace.gates, start = start, start + n_rows * wide
        self.trace.state, start = start, start + n_rows * width
        self.trace.by_hidden, start = start, start + n_rows * n
        self.trace.carry, start = start, start + batch_size * width
        self.trace.bias, start = start, start + wide
        self.activations[0] = self.trace.state
        for layer in range(1, n_layers + 1):
            self.activations[layer] = start
            self.deltas[layer - 1] = start + n_rows * net.layers.sizes[layer]
            start += 2 * n_rows * net.layers.sizes[layer]
        self.trace.panels = start
        return 0


cdef void run_windows(
    const Network* net,
    const Windows* data,
    Py_ssize_t n_windows,
    Py_ssize_t batch_size,
    const float* parameters,
    Workspace space,
    float* after,
) noexcept nogil:
    """Write the state after the last step of each window."""
    cdef:
        Py_ssize_t first = 0, i, last
        Py_ssize_t width = data.state_size
    while first < n_windows:
        gather(data, first, min(batch_size, n_windows - first), &space.batch)
        run_cells(&net.cells, parameters, &space.batch, &space.trace)
        for i in range(first, min(first + batch_size, n_windows)):
            last = space.batch.offsets[data.lengths[i] - 1] + i - first
            memcpy(
                after + i * width, space.trace.state + last * width,
                width * sizeof(float),
            )
        first += batch_size


cdef double gradient_of(
    const Network* net,
    const float* parameters,
    double penalty,
    bint is_weighted,
    Workspace space,
    float* gradient,
) noexcept nogil:
    """Return the loss of a minibatch that has a label; set its gradient.

    The loss is divided by the number of labels; so is the penalty, ``penalty`` times
    the sum of the squared weights.
    """
    cdef:
        Minibatch* batch = &space.batch
        Py_ssize_t behind = places_of(&net.cells).end
        Py_ssize_t width = state_size(&net.cells)
        double n_labels = <double> batch.n_labels
        double loss
    run_cells(&net.cells, parameters, batch, &space.trace)
    run_layers(
        &net.layers, parameters + behind, batch.n_rows, width, space.activations
    )
    loss = output_gradient(
        &net.loss, batch.n_rows, space.activations[net.layers.n_layers], batch.targets,
        batch.weights if is_weighted else NULL, n_labels,
        space.deltas[net.layers.n_layers - 1],
    )
    penalty /= n_labels
    loss = loss / n_labels + run_layers_back(
        &net.layers, parameters + behind, batch.n_rows, width, penalty,
        space.activations, space.deltas, space.trace.by_hidden, gradient + behind,
    )
    return loss + run_cells_back(
        &net.cells, parameters, penalty, batch, &space.trace, gradient
    )


cdef double train_windows(
    const Network* net,
    const Descent* how,
    const Windows* data,
    Py_ssize_t n_windows,
    Workspace space,
    Py_ssize_t* step,
    float* parameters,
    float* moment1,
    float* moment2,
    float* average,
) noexcept nogil:
    """Take one step of Adam for each minibatch that has a label; return all losses."""
    cdef:
        Py_ssize_t first = 0
        double total = 0.0
    while first < n_windows:
        gather(data, first, min(how.batch_size, n_windows - first), &space.batch)
        first += how.batch_size
        if space.batch.n_labels == 0:
            continue
        total += space.batch.n_labels * gradient_of(
            net, parameters, how.penalty, data.sample_weight != NULL, space,
            space.gradient,
        )
        step[0] += 1
        descend(how, step[0], space.gradient, parameters, moment1, moment2, average)
    return total


def train_epoch(
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[::1] starts,
    const Py_ssize_t[::1] lengths,
    const float[:, ::1] states,
    const Py_ssize_t[::1] sizes,
    int cell,
    int activation,
    int loss,
    const Py_ssize_t[::1] blocks,
    float[::1] parameters,
    float[::1] moment1,
    float[::1] moment2,
    float[::1] average,
    Py_ssize_t[::1] n_steps,
    Py_ssize_t batch_size,
    double learning_rate,
    double penalty,
    double ema_decay,
):
    """Take one step of Adam for each minibatch of windows, without the GIL.

    The gradient goes back to the first step of a window. The loss of a minibatch is the
    sum of its losses times their weights, divided by its number of steps of positive
    weight; where there is none no step is taken.

    Parameters
    ----------
    X : memoryview of shape (n_samples, n_inputs)
        Inputs; the steps of an episode are successive rows.
    y : memoryview of shape (n_samples, n_outputs)
        Targets: values, or probabilities of classes.
    sample_weight : memoryview of shape (n_samples,) or None
        Weights of the samples, with mean 1 over those that are positive. A sample of
        weight 0 has no label, and is part of what is remembered.
    starts, lengths : memoryviews of shape (n_windows,)
        First row and number of steps of each window, in the order of the visits; those
        of a minibatch from the longest to the shortest.
    states : memoryview of shape (n_windows, n_states * n_hidden)
        State before the first step of each window.
    sizes : memoryview of shape (n_layers + 2,)
        Number of inputs, of cells, and of units of the layers behind them, the last of
        which gives the outputs.
    cell : int
        A value of ``CELLS``.
    activation : int
        Of the layers behind the cells but for the last; a value of ``ACTIVATIONS`` of
        the other kernel.
    loss : int
        A value of ``LOSSES``; cross-entropy takes the softmax of a block of outputs.
    blocks : memoryview of shape (n_blocks,)
        Widths of the blocks of outputs, whose losses are added up.
    parameters, moment1, moment2 : memoryviews of shape (n_parameters,)
        Changed in place: the iterate and the moments of Adam.
    average : memoryview of shape (n_parameters,) or None
        Moving average of the iterates, changed in place.
    n_steps : memoryview of shape (1,)
        Number of steps that were taken, changed in place.
    batch_size : int
        Number of windows a step; the last step takes what is left.
    learning_rate : float
        Step size of Adam.
    penalty : float
        Factor of the sum of the squared weights in the loss of a minibatch; divided
        by its number of samples of positive weight.
    ema_decay : float
        Decay of the average; see ``average_weight`` of the other kernel.

    Returns
    -------
    float
        Sum over the samples of the loss, penalty included, before each step.

    Raises
    ------
    ValueError
        If shapes do not match, or a window leads outside of the samples.
    MemoryError
        If there is no room for a minibatch.
    """
    cdef:
        Py_ssize_t n_windows = starts.shape[0]
        double total
        Network net
        Descent how
        Windows data
        Workspace space
        unsigned int control
    set_network(&net, sizes, cell, activation, parameters.shape[0])
    set_loss(&net.loss, loss, blocks, n_outputs(&net))
    set_data(&data, &net, X, y, sample_weight, starts, lengths, states)
    check_length("n_steps", n_steps.shape[0], 1)
    check_length("moment1", moment1.shape[0], parameters.shape[0])
    check_length("moment2", moment2.shape[0], parameters.shape[0])
    if average is not None:
        check_length("average", average.shape[0], parameters.shape[0])
    if n_steps[0] < 0:
        raise ValueError(f"n_steps must be at least 0, got {n_steps[0]}")
    if n_windows == 0:
        return 0.0
    space = space_of(&net, lengths, batch_size, parameters.shape[0])
    how.batch_size = batch_size
    how.learning_rate = learning_rate
    how.penalty = penalty
    how.ema_decay = ema_decay
    how.n_parameters = parameters.shape[0]
    with nogil:
        control = flush_denormals()
        total = train_windows(
            &net, &how, &data, n_windows, space, &n_steps[0], &parameters[0],
            &moment1[0], &moment2[0], NULL if average is None else &average[0],
        )
        restore_denormals(control)
    return total


def run(
    const float[:, ::1] X,
    const Py_ssize_t[::1] starts,
    const Py_ssize_t[::1] lengths,
    const float[:, ::1] states,
    const Py_ssize_t[::1] sizes,
    int cell,
    int activation,
    const float[::1] parameters,
    Py_ssize_t batch_size,
    float[:, ::1] after,
):
    """Run a network through some windows, without the GIL.

    Parameters
    ----------
    X, starts, lengths, states, sizes, cell, activation, parameters
        See :func:`train_epoch`.
    batch_size : int
        Number of windows that are run together.
    after : memoryview of shape (n_windows, n_states * n_hidden)
        Where the state after the last step of each window goes.

    Raises
    ------
    ValueError, MemoryError
        As :func:`train_epoch`.
    """
    cdef:
        Py_ssize_t n_windows = starts.shape[0]
        Network net
        Windows data
        Workspace space
        unsigned int control
    set_network(&net, sizes, cell, activation, parameters.shape[0])
    set_data(&data, &net, X, None, None, starts, lengths, states)
    check_length("after", after.shape[0], n_windows)
    check_length("a row of after", after.shape[1], states.shape[1])
    if n_windows == 0:
        return
    space = space_of(&net, lengths, batch_size, parameters.shape[0])
    with nogil:
        control = flush_denormals()
        run_windows(
            &net, &data, n_windows, batch_size, &parameters[0], space, &after[0, 0]
        )
        restore_denormals(control)


def loss_gradient(
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[::1] starts,
    const Py_ssize_t[::1] lengths,
    const float[:, ::1] states,
    const Py_ssize_t[::1] sizes,
    int cell,
    int activation,
    int loss,
    const Py_ssize_t[::1] blocks,
    const float[::1] parameters,
    double penalty,
    float[::1] gradient,
):
    """Compute the loss of one minibatch and its gradient, as a training step does.

    Parameters
    ----------
    X, y, sample_weight, starts, lengths, states, sizes, cell, activation, loss, \
            blocks, penalty
        See :func:`train_epoch`.
    parameters : memoryview of shape (n_parameters,)
        Of the network.
    gradient : memoryview of shape (n_parameters,)
        Where the gradient goes.

    Returns
    -------
    float
        The loss, penalty included.

    Raises
    ------
    ValueError, MemoryError
        As :func:`train_epoch`; or if no sample has a label.
    """
    cdef:
        Py_ssize_t n_windows = starts.shape[0]
        double total
        Network net
        Windows data
        Workspace space
    set_network(&net, sizes, cell, activation, parameters.shape[0])
    set_loss(&net.loss, loss, blocks, n_outputs(&net))
    set_data(&data, &net, X, y, sample_weight, starts, lengths, states)
    check_length("gradient", gradient.shape[0], parameters.shape[0])
    if n_windows == 0:
        raise ValueError("starts must have at least 1 window, got none")
    space = space_of(&net, lengths, n_windows, parameters.shape[0])
    with nogil:
        gather(&data, 0, n_windows, &space.batch)
    if space.batch.n_labels == 0:
        raise ValueError("sample_weight must have a positive weight, got none")
    with nogil:
        total = gradient_of(
            &net, &parameters[0], penalty, data.sample_weight != NULL, space,
            &gradient[0],
        )
    return total


def act(
    const double[::1] observation,
    const double[::1] units,
    const Py_ssize_t[::1] sizes,
    int cell,
    int activation,
    const float[::1] parameters,
    double[::1] state,
    double[::1] out,
):
    """Write the action for one observation, and the state that it leads to.

    The observation is normalized before, and the action unnormalized. The arithmetic is
    float64.

    Parameters
    ----------
    observation : memoryview of shape (n_inputs,)
        Raw observation.
    units : memoryview of shape (2 * n_inputs + 2 * n_outputs,)
        What is subtracted from the inputs, and what they are then divided by; what is
        added to the outputs, and what they are multiplied by before.
    sizes, cell, activation, parameters
        See :func:`train_epoch`.
    state : memoryview of shape (n_states * n_hidden,)
        What is remembered of the episode so far; changed in place.
    out : memoryview of shape (n_outputs,)
        Where the action goes.

    Raises
    ------
    ValueError
        If the observation has another number of features, or shapes do not match.
    MemoryError
        If there is no room for the gates.
    """
    cdef:
        Network net
        Py_ssize_t i, n_in, n_out, n_gates, widest
        const double* unit
        const double* outputs
        double* inputs
        double* scratch
    set_network(&net, sizes, cell, activation, parameters.shape[0])
    n_in, n_out = n_inputs(&net), n_outputs(&net)
    if observation.shape[0] != n_in:
        raise ValueError(
            f"observation: expected {n_in} features, got {observation.shape[0]}"
        )
    check_length("units", units.shape[0], 2 * (n_in + n_out))
    check_length("state", state.shape[0], state_size(&net.cells))
    check_length("out", out.shape[0], n_out)
    n_gates, widest = gates_width(&net.cells), widest_of(&net.layers)
    inputs = <double*> malloc((n_in + 2 * max(n_gates, widest)) * sizeof(double))
    if inputs == NULL:
        raise MemoryError("no room for the gates of the cells or the units of a layer")
    scratch = inputs + n_in
    unit = &units[0]
    for i in range(n_in):
        inputs[i] = (observation[i] - unit[i]) / unit[n_in + i]
    unit += 2 * n_in
    step_cells(&net.cells, &parameters[0], inputs, &state[0], scratch)
    outputs = outputs_of(
        &net.layers, &parameters[0] + places_of(&net.cells).end, &state[0], scratch,
        widest,
    )
    for i in range(n_out):
        out[i] = outputs[i] * unit[n_out + i] + unit[i]
    free(inputs)


cdef int set_network(
    Network* net,
    const Py_ssize_t[::1] sizes,
    int cell,
    int activation,
    Py_ssize_t n_parameters,
) except -1:
    """Describe a network but for its loss, once what there is to say is checked."""
    set_layers(&net.layers, "sizes", sizes, 1, MAX_WIDTH, activation)
    if not 0 <= cell < N_CELLS:
        raise ValueError(f"cell must be one of CELLS, got {cell}")
    net.cells.n_in, net.cells.n_hidden = sizes[0], sizes[1]
    net.cells.loops = &CELL_LOOPS[cell]
    check_length(
        "parameters", n_parameters,
        places_of(&net.cells).end + count_parameters(&net.layers),
    )
    return 0


cdef int set_data(
    Windows* data,
    const Network* net,
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[::1] starts,
    const Py_ssize_t[::1] lengths,
    const float[:, ::1] states,
) except -1:
    return set_windows(
        data, n_inputs(net), n_outputs(net), state_size(&net.cells),
        X, y, sample_weight, starts, lengths, states,
    )


cdef Workspace space_of(
    const Network* net,
    const Py_ssize_t[::1] lengths,
    Py_ssize_t batch_size,
    Py_ssize_t n_parameters,
):
    """Return memory for each of the minibatches, whose windows are in order."""
    cdef:
        Py_ssize_t i, n_rows = 0, most_rows = 0, most_times = 0
        Workspace space = Workspace()
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    for i in range(lengths.shape[0]):
        if i % batch_size == 0:
            n_rows = 0
        elif lengths[i] > lengths[i - 1]:
            raise ValueError(
                "lengths must not grow within a minibatch, got "
                f"{lengths[i]} after {lengths[i - 1]}"
            )
        n_rows += lengths[i]
        most_rows = max(most_rows, n_rows)
        most_times = max(most_times, lengths[i])
    if most_rows > MAX_INT // 8:
        raise MemoryError(
            f"no room for minibatches of {most_rows} steps: reduce batch_size or "
            "bptt_steps"
        )
    space.allocate(
        net, n_parameters, min(batch_size, lengths.shape[0]), most_rows, most_times
    )
    return space
