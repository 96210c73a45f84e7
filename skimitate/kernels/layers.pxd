"""Fully connected layers with one activation between them: forth and back.

They are given by their sizes and one row of parameters: of each layer the weights,
shape (n_outputs, n_inputs), then the biases.
"""

from skimitate.kernels.descent cimport multiply, penalize

cdef extern from "vector_math.h" nogil:
    void add_bias(Py_ssize_t, Py_ssize_t, const float*, float*)
    void sum_rows(Py_ssize_t, Py_ssize_t, const float*, float*)
    void affine_double(
        Py_ssize_t, Py_ssize_t, const float*, const float*, const double*, double*
    )
    int N_ACTIVATIONS
    ctypedef struct activation_loops:
        const char* name
        void (*forward)(Py_ssize_t, float*) noexcept nogil
        void (*backward)(Py_ssize_t, const float*, float*) noexcept nogil
        void (*act)(Py_ssize_t, double*) noexcept nogil
    const activation_loops ACTIVATION_LOOPS[]


cdef struct Layers:
    Py_ssize_t n_layers         # layers with parameters
    const Py_ssize_t* sizes     # n_layers + 1 of them
    const activation_loops* activation


cdef inline Py_ssize_t count_parameters(const Layers* net) noexcept nogil:
    cdef Py_ssize_t layer, total = 0
    for layer in range(net.n_layers):
        total += (net.sizes[layer] + 1) * net.sizes[layer + 1]
    return total


cdef inline Py_ssize_t widest_of(const Layers* net) noexcept nogil:
    """Return the width of the widest layer, inputs and outputs among them."""
    cdef Py_ssize_t i, widest = 0
    for i in range(net.n_layers + 1):
        widest = max(widest, net.sizes[i])
    return widest


cdef inline void run_layers(
    const Layers* net,
    const float* parameters,
    Py_ssize_t n_rows,
    Py_ssize_t stride,
    float** activations,
) noexcept nogil:
    """Fill activations[1:], given the inputs in activations[0].

    The rows of the inputs begin ``stride`` values apart, all others where one ends.
    """
    cdef:
        Py_ssize_t layer, n_in, n_out
        const float* weight = parameters
    for layer in range(net.n_layers):
        n_in, n_out = net.sizes[layer], net.sizes[layer + 1]
        add_bias(n_rows, n_out, weight + n_in * n_out, activations[layer + 1])
        multiply(
            True, False, n_out, n_rows, n_in,
            weight, n_in, activations[layer], stride if layer == 0 else n_in, 1.0,
            activations[layer + 1], n_out,
        )
        if layer < net.n_layers - 1 and net.activation.forward != NULL:
            net.activation.forward(n_rows * n_out, activations[layer + 1])
        weight += (n_in + 1) * n_out


cdef inline double run_layers_back(
    const Layers* net,
    const float* parameters,
    Py_ssize_t n_rows,
    Py_ssize_t stride,
    double penalty,
    float** activations,
    float** deltas,
    float* by_inputs,
    float* gradient,
) noexcept nogil:
    """Set the gradient by the parameters, given that by the outputs in deltas[-1].

    That by the inputs goes to ``by_inputs``, unless it is NULL. Return the L2 penalty,
    ``penalty`` times the sum of the squared weights.
    """
    cdef:
        Py_ssize_t layer, n_in, n_out
        Py_ssize_t start = count_parameters(net)
        const float* weight
        float* below
        double total = 0.0
    for layer in range(net.n_layers - 1, -1, -1):
        n_in, n_out = net.sizes[layer], net.sizes[layer + 1]
        start -= (n_in + 1) * n_out
        weight = parameters + start
        multiply(
            False, True, n_in, n_out, n_rows,
            activations[layer], stride if layer == 0 else n_in, deltas[layer], n_out,
            0.0, gradient + start, n_in,
        )
        sum_rows(n_rows, n_out, deltas[layer], gradient + start + n_in * n_out)
        total += penalize(penalty, n_in * n_out, weight, gradient + start)
        below = by_inputs if layer == 0 else deltas[layer - 1]
        if below != NULL:
            multiply(
                False, False, n_in, n_rows, n_out,
                weight, n_in, deltas[layer], n_out, 0.0, below, n_in,
            )
        if layer > 0 and net.activation.backward != NULL:
            net.activation.backward(n_rows * n_in, activations[layer], below)
    return total


cdef inline const double* outputs_of(
    const Layers* net,
    const float* weight,
    const double* x,
    double* scratch,
    Py_ssize_t widest,
) noexcept nogil:
    """Apply the layers to one row of inputs; return where the outputs are.

    That is in ``scratch``, which has room for two of the widest layer.
    """
    cdef:
        Py_ssize_t layer, n_in, n_out
        double* z
    for layer in range(net.n_layers):
        n_in, n_out = net.sizes[layer], net.sizes[layer + 1]
        z = scratch if x != scratch else scratch + widest
        affine_double(n_in, n_out, weight, weight + n_in * n_out, x, z)
        if layer < net.n_layers - 1 and net.activation.act != NULL:
            net.activation.act(n_out, z)
        weight += (n_in + 1) * n_out
        x = z
    return x


cdef inline int set_layers(
    Layers* net,
    str name,
    const Py_ssize_t[::1] sizes,
    Py_ssize_t first,
    Py_ssize_t most,
    int activation,
) except -1:
    """Describe the layers from the ``first`` of the sizes on, once all are checked.

    Parameters of theirs are counted in 62 bits: there are at most 2**40.
    """
    cdef Py_ssize_t i, total = 0
    if sizes.shape[0] < first + 2:
        raise ValueError(
            f"{name} must have at least {first + 2} entries, got {sizes.shape[0]}"
        )
    for i in range(sizes.shape[0]):
        if not 1 <= sizes[i] <= most:
            raise ValueError(f"{name} must be between 1 and {most}, got {sizes[i]}")
    for i in range(sizes.shape[0] - 1):
        # Two widths are below 2**31 each, and so one product below 2**62.
        total += (sizes[i] + 1) * sizes[i + 1]
        if total > <Py_ssize_t> 1 << 40:
            raise ValueError(f"{name} must have at most 2**40 parameters, got more")
    if not 0 <= activation < N_ACTIVATIONS:
        raise ValueError(f"activation must be one of ACTIVATIONS, got {activation}")
    net.n_layers = sizes.shape[0] - 1 - first
    net.sizes = &sizes[first]
    net.activation = &ACTIVATION_LOOPS[activation]
    return 0
