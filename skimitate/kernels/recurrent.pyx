# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Kernel: one epoch of training a recurrent network by truncated back-propagation.

A network is a layer of recurrent cells, such as torch.nn.GRU has, and a linear layer
from their output. Its parameters lie in one row: of the inputs, of the state and of the
linear layer, the weights before the biases. The weights of inputs and state have shapes
(n_gates * n_hidden, n_inputs) and (n_gates * n_hidden, n_hidden).

A minibatch is some windows of successive steps, the longest first. In memory step t of
all of them comes before step t + 1 of those that are longer: what is computed at once
for a step is one block, without padding; what is computed for all steps at once too.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from skimitate.kernels.descent cimport (
    Descent,
    LOSS_LOOPS,
    Loss,
    N_LOSSES,
    check_blocks,
    check_length,
    descend,
    multiply,
    output_gradient,
    penalize,
)

cdef extern from "vector_math.h" nogil:
    unsigned int flush_denormals()
    void restore_denormals(unsigned int)
    void add_bias(Py_ssize_t, Py_ssize_t, const float*, float*)
    void sum_rows(Py_ssize_t, Py_ssize_t, const float*, float*)
    void affine_double(
        Py_ssize_t, Py_ssize_t, const float*, const float*, const double*, double*
    )

cdef extern from "panels.h" nogil:
    Py_ssize_t panels_size(Py_ssize_t, Py_ssize_t)
    void pack_panels(
        Py_ssize_t, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t, float*
    )
    void add_product(
        Py_ssize_t, Py_ssize_t, Py_ssize_t, const float*, Py_ssize_t, const float*,
        float*, Py_ssize_t
    )

cdef extern from "cells.h" nogil:
    int N_CELLS
    ctypedef struct cell_loops:
        const char* name
        Py_ssize_t n_gates
        Py_ssize_t n_joint
        Py_ssize_t n_states
        void (*forward)(
            Py_ssize_t, Py_ssize_t, float*, const float*, float*
        ) noexcept nogil
        void (*backward)(
            Py_ssize_t, Py_ssize_t, float*, const float*, const float*, const float*,
            float*
        ) noexcept nogil
        void (*act)(
            Py_ssize_t, const double*, const double*, double*
        ) noexcept nogil
    const cell_loops CELL_LOOPS[]

CELLS = {CELL_LOOPS[i].name.decode(): i for i in range(N_CELLS)}

# BLAS counts in C ints; this many rows of four gates do.
cdef Py_ssize_t MAX_INT = 2147483647
cdef Py_ssize_t MAX_WIDTH = 1 << 24
# Blocks of gates in a row of them, see cells.h.
cdef Py_ssize_t N_BLOCKS = 4


cdef struct Network:
    Py_ssize_t n_in
    Py_ssize_t n_hidden
    Py_ssize_t n_out
    const cell_loops* cell
    Loss loss


cdef struct Places:
    Py_ssize_t bias_ih
    Py_ssize_t weight_hh
    Py_ssize_t bias_hh
    Py_ssize_t weight_out
    Py_ssize_t bias_out
    Py_ssize_t end


cdef Places places_of(const Network* net) noexcept nogil:
    """Return where the parameters lie, but for the first, weight_ih."""
    cdef:
        Places at
        Py_ssize_t n_rows = net.cell.n_gates * net.n_hidden
    at.bias_ih = n_rows * net.n_in
    at.weight_hh = at.bias_ih + n_rows
    at.bias_hh = at.weight_hh + n_rows * net.n_hidden
    at.weight_out = at.bias_hh + n_rows
    at.bias_out = at.weight_out + net.n_out * net.n_hidden
    at.end = at.bias_out + net.n_out
    return at


cdef class Workspace:
    """Memory of a training step: the minibatch, what is kept of each of its steps."""

    cdef float* memory
    cdef Py_ssize_t* offsets    # of the first row of each step, and the end of the last
    cdef Py_ssize_t n_times
    cdef Py_ssize_t n_rows
    cdef Py_ssize_t n_labels
    cdef float* inputs
    cdef float* targets
    cdef float* weights
    cdef float* outputs
    cdef float* errors          # gradient by the outputs
    cdef float* gates
    cdef float* before          # state before each step
    cdef float* state           # and after it
    cdef float* by_hidden       # gradient by the cells' output
    cdef float* carry           # gradient by the state, from later steps
    cdef float* bias
    cdef float* panels          # the weights of the state, packed
    cdef float* gradient

    def __cinit__(
        self,
        Py_ssize_t n_parameters,
        Py_ssize_t n_in,
        Py_ssize_t n_hidden,
        Py_ssize_t n_out,
        Py_ssize_t n_states,
        Py_ssize_t batch_size,
        Py_ssize_t n_rows,
        Py_ssize_t n_times,
    ):
        cdef:
            Py_ssize_t width = n_states * n_hidden
            Py_ssize_t wide = N_BLOCKS * n_hidden
            Py_ssize_t packed = max(
                panels_size(n_hidden, wide), panels_size(wide, n_hidden)
            )
            Py_ssize_t per_row
            Py_ssize_t n_floats
            float* start
        per_row = n_in + 3 * n_out + 1 + wide + n_hidden + 2 * width
        n_floats = per_row * n_rows + batch_size * width + wide + packed
        n_floats += n_parameters
        self.memory = <float*> malloc(n_floats * sizeof(float))
        self.offsets = <Py_ssize_t*> malloc((n_times + 1) * sizeof(Py_ssize_t))
        if self.memory == NULL or self.offsets == NULL:
            raise MemoryError(
                f"no room for minibatches of {n_rows} steps: reduce batch_size or "
                "bptt_steps"
            )
        start = self.memory
        self.gradient, start = start, start + n_parameters
        self.inputs, start = start, start + n_rows * n_in
        self.targets, start = start, start + n_rows * n_out
        self.outputs, start = start, start + n_rows * n_out
        self.errors, start = start, start + n_rows * n_out
        self.weights, start = start, start + n_rows
        self.gates, start = start, start + n_rows * wide
        self.by_hidden, start = start, start + n_rows * n_hidden
        self.before, start = start, start + n_rows * width
        self.state, start = start, start + n_rows * width
        self.carry, start = start, start + batch_size * width
        self.bias, start = start, start + wide
        self.panels = start

    def __dealloc__(self):
        free(self.memory)
        free(self.offsets)


cdef struct Data:
    const float* X
    const float* y              # or NULL
    const float* sample_weight  # or NULL
    const Py_ssize_t* starts
    const Py_ssize_t* lengths
    const float* states         # before each window


cdef void gather(
    const Network* net,
    const Data* data,
    Py_ssize_t first,
    Py_ssize_t n_windows,
    Workspace space,
) noexcept nogil:
    """Copy the steps of some windows together, and the states that they begin in."""
    cdef:
        Py_ssize_t t, i, source, row = 0, n_labels = 0, n_active = n_windows
        Py_ssize_t width = net.cell.n_states * net.n_hidden
    space.n_times = data.lengths[first]
    for t in range(space.n_times):
        space.offsets[t] = row
        while data.lengths[first + n_active - 1] <= t:
            n_active -= 1
        for i in range(n_active):
            source = data.starts[first + i] + t
            memcpy(
                space.inputs + row * net.n_in, data.X + source * net.n_in,
                net.n_in * sizeof(float),
            )
            if data.y != NULL:
                memcpy(
                    space.targets + row * net.n_out, data.y + source * net.n_out,
                    net.n_out * sizeof(float),
                )
            if data.sample_weight != NULL:
                space.weights[row] = data.sample_weight[source]
                n_labels += space.weights[row] > 0.0
            row += 1
    space.offsets[space.n_times] = row
    space.n_rows = row
    space.n_labels = row if data.sample_weight == NULL else n_labels
    memcpy(space.before, data.states + first * width, n_windows * width * sizeof(float))


cdef void run_cells(
    const Network* net,
    const float* parameters,
    Workspace space,
) noexcept nogil:
    """Fill gates and states of all steps."""
    cdef:
        Places at = places_of(net)
        Py_ssize_t n = net.n_hidden
        Py_ssize_t wide = N_BLOCKS * n
        Py_ssize_t width = net.cell.n_states * n
        Py_ssize_t joint = net.cell.n_joint * n
        Py_ssize_t all_gates = net.cell.n_gates * n
        Py_ssize_t t, i, row, n_active
    memcpy(space.bias, parameters + at.bias_hh, all_gates * sizeof(float))
    for i in range(joint):
        space.bias[i] += parameters[at.bias_ih + i]
    for i in range(joint, all_gates):
        space.bias[wide - all_gates + i] = parameters[at.bias_ih + i]
    add_bias(space.n_rows, wide, space.bias, space.gates)
    multiply(
        True, False, joint, space.n_rows, net.n_in,
        parameters, net.n_in, space.inputs, net.n_in, 1.0, space.gates, wide,
    )
    if all_gates > joint:
        multiply(
            True, False, all_gates - joint, space.n_rows, net.n_in,
            parameters + joint * net.n_in, net.n_in, space.inputs, net.n_in,
            1.0, space.gates + wide - (all_gates - joint), wide,
        )
    pack_panels(n, all_gates, parameters + at.weight_hh, 1, n, space.panels)
    for t in range(space.n_times):
        row = space.offsets[t]
        n_active = space.offsets[t + 1] - row
        if t > 0:
            memcpy(
                space.before + row * width, space.state + space.offsets[t - 1] * width,
                n_active * width * sizeof(float),
            )
        add_product(
            n_active, all_gates, n, space.before + row * width, width, space.panels,
            space.gates + row * wide, wide,
        )
        net.cell.forward(
            n_active, n, space.gates + row * wide, space.before + row * width,
            space.state + row * width,
        )


cdef void forward(
    const Network* net,
    const float* parameters,
    Workspace space,
) noexcept nogil:
    """Fill gates, states and outputs of all steps."""
    cdef Places at = places_of(net)
    run_cells(net, parameters, space)
    add_bias(space.n_rows, net.n_out, parameters + at.bias_out, space.outputs)
    multiply(
        True, False, net.n_out, space.n_rows, net.n_hidden,
        parameters + at.weight_out, net.n_hidden,
        space.state, net.cell.n_states * net.n_hidden, 1.0, space.outputs, net.n_out,
    )


cdef void run_windows(
    const Network* net,
    const Data* data,
    Py_ssize_t n_windows,
    Py_ssize_t batch_size,
    const float* parameters,
    Workspace space,
    float* after,
) noexcept nogil:
    """Write the state after the last step of each window."""
    cdef:
        Py_ssize_t first = 0, i, last
        Py_ssize_t width = net.cell.n_states * net.n_hidden
    while first < n_windows:
        gather(net, data, first, min(batch_size, n_windows - first), space)
        run_cells(net, parameters, space)
        for i in range(first, min(first + batch_size, n_windows)):
            last = space.offsets[data.lengths[i] - 1] + i - first
            memcpy(
                after + i * width, space.state + last * width, width * sizeof(float)
            )
        first += batch_size


cdef double backward(
    const Network* net,
    const float* parameters,
    double penalty,
    Workspace space,
    float* gradient,
) noexcept nogil:
    """Set the gradient by the parameters, given that by the outputs.

    Return the L2 penalty, ``penalty`` times the sum of the squared weights.
    """
    cdef:
        Places at = places_of(net)
        Py_ssize_t n = net.n_hidden
        Py_ssize_t wide = N_BLOCKS * n
        Py_ssize_t width = net.cell.n_states * n
        Py_ssize_t joint = net.cell.n_joint * n
        Py_ssize_t all_gates = net.cell.n_gates * n
        Py_ssize_t rest = all_gates - joint
        Py_ssize_t t, row, n_active
    multiply(
        False, True, n, net.n_out, space.n_rows,
        space.state, width, space.errors, net.n_out, 0.0, gradient + at.weight_out, n,
    )
    sum_rows(space.n_rows, net.n_out, space.errors, gradient + at.bias_out)
    multiply(
        False, False, n, space.n_rows, net.n_out,
        parameters + at.weight_out, n, space.errors, net.n_out, 0.0,
        space.by_hidden, n,
    )
    pack_panels(all_gates, n, parameters + at.weight_hh, n, 1, space.panels)
    memset(space.carry, 0, space.offsets[1] * width * sizeof(float))
    for t in range(space.n_times - 1, -1, -1):
        row = space.offsets[t]
        n_active = space.offsets[t + 1] - row
        net.cell.backward(
            n_active, n, space.gates + row * wide, space.before + row * width,
            space.state + row * width, space.by_hidden + row * n, space.carry,
        )
        if t > 0:
            add_product(
                n_active, n, all_gates, space.gates + row * wide, wide, space.panels,
                space.carry, width,
            )
    multiply(
        False, True, net.n_in, joint, space.n_rows,
        space.inputs, net.n_in, space.gates, wide, 0.0, gradient, net.n_in,
    )
    if rest > 0:
        multiply(
            False, True, net.n_in, rest, space.n_rows,
            space.inputs, net.n_in, space.gates + wide - rest, wide, 0.0,
            gradient + joint * net.n_in, net.n_in,
        )
    multiply(
        False, True, n, all_gates, space.n_rows,
        space.before, width, space.gates, wide, 0.0, gradient + at.weight_hh, n,
    )
    sum_rows(space.n_rows, wide, space.gates, space.bias)
    memcpy(gradient + at.bias_hh, space.bias, all_gates * sizeof(float))
    memcpy(gradient + at.bias_ih, space.bias, joint * sizeof(float))
    memcpy(
        gradient + at.bias_ih + joint, space.bias + wide - rest, rest * sizeof(float)
    )
    return (
        penalize(penalty, at.bias_ih, parameters, gradient)
        + penalize(
            penalty, at.bias_hh - at.weight_hh, parameters + at.weight_hh,
            gradient + at.weight_hh,
        )
        + penalize(
            penalty, at.bias_out - at.weight_out, parameters + at.weight_out,
            gradient + at.weight_out,
        )
    )


cdef double train_windows(
    const Network* net,
    const Descent* how,
    const Data* data,
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
        double total = 0.0, penalty
    while first < n_windows:
        gather(net, data, first, min(how.batch_size, n_windows - first), space)
        first += how.batch_size
        if space.n_labels == 0:
            continue
        forward(net, parameters, space)
        total += output_gradient(
            &net.loss, space.n_rows, space.outputs, space.targets,
            NULL if data.sample_weight == NULL else space.weights,
            <double> space.n_labels, space.errors,
        )
        penalty = backward(
            net, parameters, how.penalty / space.n_labels, space, space.gradient
        )
        total += space.n_labels * penalty
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
    sizes : memoryview of shape (3,)
        Number of inputs, of hidden units and of outputs.
    cell : int
        A value of ``CELLS``.
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
        Data data
        Workspace space
        unsigned int control
    set_network(&net, sizes, cell, loss, blocks, parameters.shape[0])
    set_data(&net, &data, X, y, sample_weight, starts, lengths, states)
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
    const float[::1] parameters,
    Py_ssize_t batch_size,
    float[:, ::1] after,
):
    """Run a network through some windows, without the GIL.

    Parameters
    ----------
    X, starts, lengths, states, sizes, cell, parameters
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
        Data data
        Workspace space
        unsigned int control
    check_sizes(&net, sizes, cell)
    check_length("parameters", parameters.shape[0], places_of(&net).end)
    set_data(&net, &data, X, None, None, starts, lengths, states)
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
    int loss,
    const Py_ssize_t[::1] blocks,
    const float[::1] parameters,
    double penalty,
    float[::1] gradient,
):
    """Compute the loss of one minibatch and its gradient, as a training step does.

    Parameters
    ----------
    X, y, sample_weight, starts, lengths, states, sizes, cell, loss, blocks, penalty
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
        Data data
        Workspace space
    set_network(&net, sizes, cell, loss, blocks, parameters.shape[0])
    set_data(&net, &data, X, y, sample_weight, starts, lengths, states)
    check_length("gradient", gradient.shape[0], parameters.shape[0])
    if n_windows == 0:
        raise ValueError("starts must have at least 1 window, got none")
    space = space_of(&net, lengths, n_windows, parameters.shape[0])
    with nogil:
        gather(&net, &data, 0, n_windows, space)
    if space.n_labels == 0:
        raise ValueError("sample_weight must have a positive weight, got none")
    with nogil:
        forward(&net, &parameters[0], space)
        total = output_gradient(
            &net.loss, space.n_rows, space.outputs, space.targets,
            NULL if data.sample_weight == NULL else space.weights,
            <double> space.n_labels, space.errors,
        )
        total = total / space.n_labels + backward(
            &net, &parameters[0], penalty / space.n_labels, space, &gradient[0]
        )
    return total


def act(
    const double[::1] observation,
    const double[::1] units,
    const Py_ssize_t[::1] sizes,
    int cell,
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
    sizes, cell, parameters
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
        Places at
        Py_ssize_t i, n_rows
        const double* unit
        double* inputs
        double* hidden
        double* x
    check_sizes(&net, sizes, cell)
    at = places_of(&net)
    check_length("parameters", parameters.shape[0], at.end)
    if observation.shape[0] != net.n_in:
        raise ValueError(
            f"observation: expected {net.n_in} features, got {observation.shape[0]}"
        )
    check_length("units", units.shape[0], 2 * (net.n_in + net.n_out))
    check_length("state", state.shape[0], net.cell.n_states * net.n_hidden)
    check_length("out", out.shape[0], net.n_out)
    n_rows = net.cell.n_gates * net.n_hidden
    inputs = <double*> malloc((2 * n_rows + net.n_in) * sizeof(double))
    if inputs == NULL:
        raise MemoryError("no room for the gates of the cells")
    hidden = inputs + n_rows
    x = hidden + n_rows
    unit = &units[0]
    for i in range(net.n_in):
        x[i] = (observation[i] - unit[i]) / unit[net.n_in + i]
    unit += 2 * net.n_in
    affine_double(
        net.n_in, n_rows, &parameters[0], &parameters[at.bias_ih], x, inputs
    )
    affine_double(
        net.n_hidden, n_rows, &parameters[at.weight_hh], &parameters[at.bias_hh],
        &state[0], hidden,
    )
    net.cell.act(net.n_hidden, inputs, hidden, &state[0])
    affine_double(
        net.n_hidden, net.n_out, &parameters[at.weight_out], &parameters[at.bias_out],
        &state[0], &out[0],
    )
    for i in range(net.n_out):
        out[i] = out[i] * unit[net.n_out + i] + unit[i]
    free(inputs)


cdef int check_sizes(Network* net, const Py_ssize_t[::1] sizes, int cell) except -1:
    """Set the sizes and the cell of a network, once they are checked."""
    cdef Py_ssize_t i
    check_length("sizes", sizes.shape[0], 3)
    for i in range(3):
        if not 1 <= sizes[i] <= MAX_WIDTH:
            raise ValueError(
                f"sizes must be between 1 and {MAX_WIDTH}, got {sizes[i]}"
            )
    if not 0 <= cell < N_CELLS:
        raise ValueError(f"cell must be one of CELLS, got {cell}")
    net.n_in, net.n_hidden, net.n_out = sizes[0], sizes[1], sizes[2]
    net.cell = &CELL_LOOPS[cell]
    return 0


cdef int set_network(
    Network* net,
    const Py_ssize_t[::1] sizes,
    int cell,
    int loss,
    const Py_ssize_t[::1] blocks,
    Py_ssize_t n_parameters,
) except -1:
    check_sizes(net, sizes, cell)
    check_length("parameters", n_parameters, places_of(net).end)
    if not 0 <= loss < N_LOSSES:
        raise ValueError(f"loss must be one of LOSSES, got {loss}")
    check_blocks(blocks, net.n_out)
    net.loss.loop = &LOSS_LOOPS[loss]
    net.loss.n_blocks = blocks.shape[0]
    net.loss.blocks = &blocks[0]
    return 0


cdef int set_data(
    const Network* net,
    Data* data,
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[::1] starts,
    const Py_ssize_t[::1] lengths,
    const float[:, ::1] states,
) except -1:
    cdef Py_ssize_t i, n_windows = starts.shape[0], n_samples = X.shape[0]
    check_length("a row of X", X.shape[1], net.n_in)
    if y is not None:
        check_length("a row of y", y.shape[1], net.n_out)
        check_length("y", y.shape[0], n_samples)
    check_length("lengths", lengths.shape[0], n_windows)
    check_length("states", states.shape[0], n_windows)
    check_length(
        "a row of states", states.shape[1], net.cell.n_states * net.n_hidden
    )
    if sample_weight is not None:
        check_length("sample_weight", sample_weight.shape[0], n_samples)
    for i in range(n_windows):
        if not (starts[i] >= 0 and 1 <= lengths[i] <= n_samples - starts[i]):
            raise ValueError(
                f"starts and lengths must be those of windows of {n_samples} samples, "
                f"got {starts[i]} and {lengths[i]}"
            )
    data.y = NULL
    data.sample_weight = NULL
    if n_windows > 0:
        data.X = &X[0, 0]
        if y is not None:
            data.y = &y[0, 0]
        data.starts, data.lengths = &starts[0], &lengths[0]
        data.states = &states[0, 0]
        if sample_weight is not None:
            data.sample_weight = &sample_weight[0]
    return 0


cdef Workspace space_of(
    const Network* net,
    const Py_ssize_t[::1] lengths,
    Py_ssize_t batch_size,
    Py_ssize_t n_parameters,
):
    """Return memory for each of the minibatches, whose windows are in order."""
    cdef Py_ssize_t i, n_rows = 0, most_rows = 0, most_times = 0
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
    return Workspace(
        n_parameters, net.n_in, net.n_hidden, net.n_out, net.cell.n_states,
        min(batch_size, lengths.shape[0]), most_rows, most_times,
    )
