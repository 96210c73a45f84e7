"""A layer of recurrent cells, such as torch.nn.GRU has: through windows and back.

Its parameters lie in one row: of the inputs, then of the state, the weights before the
biases. The weights have shapes (n_gates * n_hidden, n_inputs) and
(n_gates * n_hidden, n_hidden).
"""

from libc.string cimport memcpy, memset

from skimitate.kernels.descent cimport multiply, penalize
from skimitate.kernels.windows cimport Minibatch

cdef extern from "vector_math.h" nogil:
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


cdef struct Cells:
    Py_ssize_t n_in
    Py_ssize_t n_hidden
    const cell_loops* loops


cdef struct Places:
    Py_ssize_t bias_ih
    Py_ssize_t weight_hh
    Py_ssize_t bias_hh
    Py_ssize_t end


cdef struct Trace:
    float* gates                # of each step
    float* state                # after it
    float* by_hidden            # gradient by the cells' output
    float* carry                # gradient by the state, from later steps
    float* bias
    float* panels               # the weights of the state, packed


cdef inline Places places_of(const Cells* net) noexcept nogil:
    """Return where the parameters lie, but for the first, weight_ih."""
    cdef:
        Places at
        Py_ssize_t n_rows = net.loops.n_gates * net.n_hidden
    at.bias_ih = n_rows * net.n_in
    at.weight_hh = at.bias_ih + n_rows
    at.bias_hh = at.weight_hh + n_rows * net.n_hidden
    at.end = at.bias_hh + n_rows
    return at


cdef inline Py_ssize_t gates_width(const Cells* net) noexcept nogil:
    """Return how many values a row of gates has, see cells.h."""
    return 4 * net.n_hidden


cdef inline Py_ssize_t state_size(const Cells* net) noexcept nogil:
    return net.loops.n_states * net.n_hidden


cdef inline void run_cells(
    const Cells* net,
    const float* parameters,
    const Minibatch* batch,
    Trace* trace,
) noexcept nogil:
    """Fill gates and states of all steps."""
    cdef:
        Places at = places_of(net)
        Py_ssize_t n = net.n_hidden
        Py_ssize_t wide = gates_width(net)
        Py_ssize_t width = state_size(net)
        Py_ssize_t joint = net.loops.n_joint * n
        Py_ssize_t all_gates = net.loops.n_gates * n
        Py_ssize_t t, i, row, n_active
    memcpy(trace.bias, parameters + at.bias_hh, all_gates * sizeof(float))
    for i in range(joint):
        trace.bias[i] += parameters[at.bias_ih + i]
    for i in range(joint, all_gates):
        trace.bias[wide - all_gates + i] = parameters[at.bias_ih + i]
    add_bias(batch.n_rows, wide, trace.bias, trace.gates)
    multiply(
        True, False, joint, batch.n_rows, net.n_in,
        parameters, net.n_in, batch.inputs, net.n_in, 1.0, trace.gates, wide,
    )
    if all_gates > joint:
        multiply(
            True, False, all_gates - joint, batch.n_rows, net.n_in,
            parameters + joint * net.n_in, net.n_in, batch.inputs, net.n_in,
            1.0, trace.gates + wide - (all_gates - joint), wide,
        )
    pack_panels(n, all_gates, parameters + at.weight_hh, 1, n, trace.panels)
    for t in range(batch.n_times):
        row = batch.offsets[t]
        n_active = batch.offsets[t + 1] - row
        if t > 0:
            memcpy(
                batch.before + row * width, trace.state + batch.offsets[t - 1] * width,
                n_active * width * sizeof(float),
            )
        add_product(
            n_active, all_gates, n, batch.before + row * width, width, trace.panels,
            trace.gates + row * wide, wide,
        )
        net.loops.forward(
            n_active, n, trace.gates + row * wide, batch.before + row * width,
            trace.state + row * width,
        )


cdef inline double run_cells_back(
    const Cells* net,
    const float* parameters,
    double penalty,
    const Minibatch* batch,
    Trace* trace,
    float* gradient,
) noexcept nogil:
    """Set the gradient by the parameters, given that by the cells' output.

    Return the L2 penalty, ``penalty`` times the sum of the squared weights.
    """
    cdef:
        Places at = places_of(net)
        Py_ssize_t n = net.n_hidden
        Py_ssize_t wide = gates_width(net)
        Py_ssize_t width = state_size(net)
        Py_ssize_t joint = net.loops.n_joint * n
        Py_ssize_t all_gates = net.loops.n_gates * n
        Py_ssize_t rest = all_gates - joint
        Py_ssize_t t, row, n_active
    pack_panels(all_gates, n, parameters + at.weight_hh, n, 1, trace.panels)
    memset(trace.carry, 0, batch.offsets[1] * width * sizeof(float))
    for t in range(batch.n_times - 1, -1, -1):
        row = batch.offsets[t]
        n_active = batch.offsets[t + 1] - row
        net.loops.backward(
            n_active, n, trace.gates + row * wide, batch.before + row * width,
            trace.state + row * width, trace.by_hidden + row * n, trace.carry,
        )
        if t > 0:
            add_product(
                n_active, n, all_gates, trace.gates + row * wide, wide, trace.panels,
                trace.carry, width,
            )
    multiply(
        False, True, net.n_in, joint, batch.n_rows,
        batch.inputs, net.n_in, trace.gates, wide, 0.0, gradient, net.n_in,
    )
    if rest > 0:
        multiply(
            False, True, net.n_in, rest, batch.n_rows,
            batch.inputs, net.n_in, trace.gates + wide - rest, wide, 0.0,
            gradient + joint * net.n_in, net.n_in,
        )
    multiply(
        False, True, n, all_gates, batch.n_rows,
        batch.before, width, trace.gates, wide, 0.0, gradient + at.weight_hh, n,
    )
    sum_rows(batch.n_rows, wide, trace.gates, trace.bias)
    memcpy(gradient + at.bias_hh, trace.bias, all_gates * sizeof(float))
    memcpy(gradient + at.bias_ih, trace.bias, joint * sizeof(float))
    memcpy(
        gradient + at.bias_ih + joint, trace.bias + wide - rest, rest * sizeof(float)
    )
    return (
        penalize(penalty, at.bias_ih, parameters, gradient)
        + penalize(
            penalty, at.bias_hh - at.weight_hh, parameters + at.weight_hh,
            gradient + at.weight_hh,
        )
    )


cdef inline void step_cells(
    const Cells* net,
    const float* parameters,
    const double* inputs,
    double* state,
    double* scratch,
) noexcept nogil:
    """Go a step further in float64; ``scratch`` has room for two rows of gates."""
    cdef:
        Places at = places_of(net)
        Py_ssize_t n_rows = net.loops.n_gates * net.n_hidden
    affine_double(
        net.n_in, n_rows, parameters, parameters + at.bias_ih, inputs, scratch
    )
    affine_double(
        net.n_hidden, n_rows, parameters + at.weight_hh, parameters + at.bias_hh,
        state, scratch + n_rows,
    )
    net.loops.act(net.n_hidden, scratch, scratch + n_rows, state)
