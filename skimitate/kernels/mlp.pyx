# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Kernel: one epoch of minibatch training, and the policy of one observation.

Networks are given by the sizes of their layers and one row of parameters for each: of
each layer the weights, shape (n_outputs, n_inputs), then the biases. Matrices are
stored by rows; BLAS takes them by columns and so sees each transposed.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from skimitate.kernels.descent cimport (
    Descent,
    LOSS_LOOPS,
    Loss,
    N_LOSSES,
    check_length,
    descend,
    newest_weight,
    output_gradient,
    set_loss,
)
from skimitate.kernels.layers cimport (
    ACTIVATION_LOOPS,
    Layers,
    N_ACTIVATIONS,
    count_parameters,
    outputs_of,
    run_layers,
    run_layers_back,
    set_layers,
    widest_of,
)

cdef extern from "vector_math.h" nogil:
    unsigned int flush_denormals()
    void restore_denormals(unsigned int)
    void prefetch(const float*, Py_ssize_t)

ACTIVATIONS = {ACTIVATION_LOOPS[i].name.decode(): i for i in range(N_ACTIVATIONS)}
LOSSES = {LOSS_LOOPS[i].name.decode(): i for i in range(N_LOSSES)}

# BLAS counts in C ints.
cdef Py_ssize_t MAX_INT = 2147483647


cdef struct Network:
    Layers layers
    Loss loss


cdef class Workspace:
    """Memory of a training step: activations, their gradients, the batch."""

    cdef float* memory
    cdef float** pointers
    cdef float** activations
    cdef float** deltas
    cdef float* targets
    cdef float* weights
    cdef float* gradient

    def __cinit__(
        self,
        const Py_ssize_t[::1] sizes,
        Py_ssize_t n_parameters,
        Py_ssize_t batch_size,
    ):
        cdef:
            Py_ssize_t n_layers = sizes.shape[0] - 1
            Py_ssize_t layer
            Py_ssize_t per_row = sizes[0] + 1 + sizes[n_layers]
            float* free_memory
        for layer in range(1, n_layers + 1):
            per_row += 2 * sizes[layer]
        if per_row > (<Py_ssize_t> 1 << 60) // (4 * batch_size) - n_parameters:
            raise MemoryError(
                f"batch_size {batch_size} of a network of this width does not fit "
                "into memory"
            )
        self.memory = <float*> malloc(
            (per_row * batch_size + n_parameters) * sizeof(float)
        )
        self.pointers = <float**> malloc((2 * n_layers + 1) * sizeof(float*))
        if self.memory == NULL or self.pointers == NULL:
            raise MemoryError(
                f"no room for minibatches of {batch_size} samples: reduce batch_size"
            )
        self.activations = self.pointers
        self.deltas = self.pointers + n_layers + 1
        self.gradient = self.memory
        self.targets = self.gradient + n_parameters
        self.weights = self.targets + batch_size * sizes[n_layers]
        free_memory = self.weights + batch_size
        for layer in range(n_layers + 1):
            self.activations[layer] = free_memory
            free_memory += batch_size * sizes[layer]
        for layer in range(n_layers):
            self.deltas[layer] = free_memory
            free_memory += batch_size * sizes[layer + 1]

    def __dealloc__(self):
        free(self.memory)
        free(self.pointers)


cdef void gather(
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t* rows,
    Py_ssize_t n_rows,
    float* inputs,
    float* targets,
    float* weights,
) noexcept nogil:
    """Copy the samples of a minibatch together."""
    cdef:
        Py_ssize_t i
        Py_ssize_t n_in = X.shape[1]
        Py_ssize_t n_out = y.shape[1]
    for i in range(n_rows):
        memcpy(inputs + i * n_in, &X[rows[i], 0], n_in * sizeof(float))
        memcpy(targets + i * n_out, &y[rows[i], 0], n_out * sizeof(float))
        if sample_weight is not None:
            weights[i] = sample_weight[rows[i]]


cdef void prefetch_rows(
    const float[:, ::1] X,
    const Py_ssize_t* rows,
    Py_ssize_t n_rows,
) noexcept nogil:
    """Have the next minibatch brought from memory while this one is computed."""
    cdef Py_ssize_t i
    for i in range(n_rows):
        prefetch(&X[rows[i], 0], X.shape[1])


cpdef double average_weight(double ema_decay, Py_ssize_t step) noexcept nogil:
    """Return the weight of the newest iterate in the average.

    It falls like 10 / step until it reaches that of the exponential average: first a
    tenth of the steps is averaged over, later a fixed number of them. An exponential
    average that is merely corrected for its start would let the first, untrained
    iterates act in any training shorter than its horizon.

    Parameters
    ----------
    ema_decay : float
        Decay of the exponential average.
    step : int
        Number of the step, from 1.

    Returns
    -------
    float
    """
    return newest_weight(ema_decay, step)


cdef double train_network(
    const Network* net,
    const Descent* how,
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t* visits,
    Py_ssize_t n_visits,
    Py_ssize_t step,
    Workspace space,
    float* parameters,
    float* moment1,
    float* moment2,
    float* average,
) noexcept nogil:
    """Take one step of Adam for each minibatch; return the loss summed over samples."""
    cdef:
        const Layers* layers = &net.layers
        Py_ssize_t n_in = layers.sizes[0]
        Py_ssize_t start = 0, n_rows, end
        double total = 0.0
        float* weights = NULL if sample_weight is None else space.weights
    while start < n_visits:
        n_rows = min(how.batch_size, n_visits - start)
        end = start + n_rows
        gather(
            X, y, sample_weight, visits + start, n_rows,
            space.activations[0], space.targets, space.weights,
        )
        prefetch_rows(X, visits + end, min(n_rows, n_visits - end))
        run_layers(layers, parameters, n_rows, n_in, space.activations)
        total += output_gradient(
            &net.loss, n_rows, space.activations[layers.n_layers], space.targets,
            weights, <double> n_rows, space.deltas[layers.n_layers - 1],
        )
        total += n_rows * run_layers_back(
            layers, parameters, n_rows, n_in, how.penalty / n_rows,
            space.activations, space.deltas, NULL, space.gradient,
        )
        step += 1
        descend(how, step, space.gradient, parameters, moment1, moment2, average)
        start = end
    return total


def train_epoch(
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[:, ::1] permutations,
    const Py_ssize_t[::1] layer_sizes,
    int activation,
    int loss,
    const Py_ssize_t[::1] blocks,
    float[:, ::1] parameters,
    float[:, ::1] moment1,
    float[:, ::1] moment2,
    float[:, ::1] average,
    Py_ssize_t[::1] n_steps,
    Py_ssize_t batch_size,
    double learning_rate,
    double penalty,
    double ema_decay,
):
    """Take one step of Adam for each minibatch and network, without the GIL.

    One network after the other, so that the memory of each stays in the cache. The
    steps are counted in here as well: no interruption finds steps that were taken and
    not counted, or networks of which one has taken more than another.

    Parameters
    ----------
    X : memoryview of shape (n_samples, n_inputs)
        Inputs.
    y : memoryview of shape (n_samples, n_outputs)
        Targets: values, or probabilities of classes.
    sample_weight : memoryview of shape (n_samples,) or None
        Weights of the samples, with mean 1.
    permutations : memoryview of shape (n_networks, n_visits)
        Order in which each network visits the samples.
    layer_sizes : memoryview of shape (n_layers + 1,)
        Number of units from the input to the output.
    activation : int
        Of the hidden layers; a value of ``ACTIVATIONS``.
    loss : int
        A value of ``LOSSES``; cross-entropy takes the softmax of a block of outputs.
    blocks : memoryview of shape (n_blocks,)
        Widths of the blocks of outputs, whose losses are added up: one of all outputs,
        or for classes one for each variable that is to be told.
    parameters, moment1, moment2 : memoryviews of shape (n_networks, n_parameters)
        Changed in place: the iterates and the moments of Adam.
    average : memoryview of shape (n_networks, n_parameters) or None
        Moving averages of the iterates, changed in place.
    n_steps : memoryview of shape (1,)
        Number of steps that each network has taken, changed in place.
    batch_size : int
        Number of samples a step; the last step takes what is left.
    learning_rate : float
        Step size of Adam.
    penalty : float
        Factor of the sum of the squared weights in the loss of a minibatch; divided
        by its size.
    ema_decay : float
        Decay of the average; see :func:`average_weight`.

    Returns
    -------
    float
        Mean over the networks and the samples of the loss, penalty included, before
        each step.

    Raises
    ------
    ValueError
        If shapes do not match, or a permutation leads outside of the samples.
    MemoryError
        If there is no room for a minibatch.
    """
    cdef:
        Py_ssize_t n_networks = parameters.shape[0]
        Py_ssize_t n_visits = permutations.shape[1]
        Py_ssize_t n_parameters = parameters.shape[1]
        Py_ssize_t network
        double total = 0.0
        Network net
        Descent how
        Workspace space
        unsigned int control
    set_network(&net, layer_sizes, activation, loss, blocks, n_parameters)
    check_widths(layer_sizes, X.shape[1], y.shape[1])
    check_length("n_steps", n_steps.shape[0], 1)
    if n_steps[0] < 0:
        raise ValueError(f"n_steps must be at least 0, got {n_steps[0]}")
    check_length("y", y.shape[0], X.shape[0])
    check_rows("moment1", moment1, n_networks, n_parameters)
    check_rows("moment2", moment2, n_networks, n_parameters)
    if average is not None:
        check_rows("average", average, n_networks, n_parameters)
    if sample_weight is not None:
        check_length("sample_weight", sample_weight.shape[0], X.shape[0])
    check_length("permutations", permutations.shape[0], n_networks)
    check_permutations(permutations, X.shape[0])
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    batch_size = min(batch_size, n_visits)
    if batch_size == 0 or n_networks == 0:
        return 0.0
    if batch_size > MAX_INT:
        raise ValueError(f"batch_size must be at most {MAX_INT}, got {batch_size}")
    space = Workspace(layer_sizes, n_parameters, batch_size)
    how.batch_size = batch_size
    how.learning_rate = learning_rate
    how.penalty = penalty
    how.ema_decay = ema_decay
    how.n_parameters = n_parameters
    with nogil:
        control = flush_denormals()
        for network in range(n_networks):
            total += train_network(
                &net, &how, X, y, sample_weight,
                &permutations[network, 0], n_visits, n_steps[0], space,
                &parameters[network, 0], &moment1[network, 0], &moment2[network, 0],
                NULL if average is None else &average[network, 0],
            )
        n_steps[0] += (n_visits + batch_size - 1) // batch_size
        restore_denormals(control)
    return total / n_visits / n_networks


def loss_gradient(
    const float[:, ::1] X,
    const float[:, ::1] y,
    const float[::1] sample_weight,
    const Py_ssize_t[::1] layer_sizes,
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
    X, y, sample_weight, layer_sizes, activation, loss, blocks, penalty
        See :func:`train_epoch`.
    parameters : memoryview of shape (n_parameters,)
        Of one network.
    gradient : memoryview of shape (n_parameters,)
        Where the gradient goes.

    Returns
    -------
    float
        The loss, penalty included.

    Raises
    ------
    ValueError, MemoryError
        As :func:`train_epoch`.
    """
    cdef:
        Py_ssize_t n_rows = X.shape[0]
        Network net
        Workspace space
        double total
        const float* weights = NULL
    set_network(&net, layer_sizes, activation, loss, blocks, parameters.shape[0])
    check_widths(layer_sizes, X.shape[1], y.shape[1])
    check_length("y", y.shape[0], n_rows)
    check_length("gradient", gradient.shape[0], parameters.shape[0])
    if sample_weight is not None:
        check_length("sample_weight", sample_weight.shape[0], n_rows)
    if not 1 <= n_rows <= MAX_INT:
        raise ValueError(f"X must have 1 to {MAX_INT} rows, got {n_rows}")
    if sample_weight is not None:
        weights = &sample_weight[0]
    space = Workspace(layer_sizes, parameters.shape[0], n_rows)
    with nogil:
        memcpy(space.activations[0], &X[0, 0], n_rows * X.shape[1] * sizeof(float))
        run_layers(
            &net.layers, &parameters[0], n_rows, X.shape[1], space.activations
        )
        total = output_gradient(
            &net.loss, n_rows, space.activations[net.layers.n_layers], &y[0, 0],
            weights, <double> n_rows, space.deltas[net.layers.n_layers - 1],
        )
        total = total / n_rows + run_layers_back(
            &net.layers, &parameters[0], n_rows, X.shape[1], penalty / n_rows,
            space.activations, space.deltas, NULL, &gradient[0],
        )
    return total


def act(
    const double[::1] observation,
    const double[::1] units,
    const Py_ssize_t[::1] layer_sizes,
    int activation,
    const float[:, ::1] parameters,
    double[::1] out,
):
    """Write the action for one observation: the mean of what the networks put out.

    The observation is normalized before, and the mean unnormalized. The arithmetic is
    float64.

    Parameters
    ----------
    observation : memoryview of shape (n_inputs,)
        Raw observation.
    units : memoryview of shape (2 * n_inputs + 2 * n_outputs,)
        What is subtracted from the inputs, and what they are then divided by; what is
        added to the outputs, and what they are multiplied by before.
    layer_sizes, activation, parameters
        See :func:`train_epoch`.
    out : memoryview of shape (n_outputs,)
        Where the action goes.

    Raises
    ------
    ValueError
        If the observation has another number of features, or shapes do not match.
    MemoryError
        If there is no room for the units of a layer.
    """
    cdef:
        Py_ssize_t n_networks = parameters.shape[0]
        Py_ssize_t network, i, n_in, n_out, widest
        Layers layers
        const double* unit
        const double* outputs
        double* inputs
    set_layers(&layers, "layer_sizes", layer_sizes, 0, MAX_INT, activation)
    n_in, n_out = layers.sizes[0], layers.sizes[layers.n_layers]
    if observation.shape[0] != n_in:
        raise ValueError(
            f"observation: expected {n_in} features, got {observation.shape[0]}"
        )
    check_length("units", units.shape[0], 2 * (n_in + n_out))
    check_length("parameters", parameters.shape[1], count_parameters(&layers))
    check_length("out", out.shape[0], n_out)
    if n_networks < 1:
        raise ValueError("parameters must be those of at least 1 network, got none")
    widest = widest_of(&layers)
    inputs = <double*> malloc(3 * widest * sizeof(double))
    if inputs == NULL:
        raise MemoryError("no room for the units of a layer")
    unit = &units[0]
    for i in range(n_in):
        inputs[i] = (observation[i] - unit[i]) / unit[n_in + i]
    unit += 2 * n_in
    for network in range(n_networks):
        outputs = outputs_of(
            &layers, &parameters[network, 0], inputs, inputs + widest, widest
        )
        for i in range(n_out):
            out[i] = outputs[i] + (0.0 if network == 0 else out[i])
    for i in range(n_out):
        out[i] = out[i] / n_networks * unit[n_out + i] + unit[i]
    free(inputs)


cdef int set_network(
    Network* net,
    const Py_ssize_t[::1] sizes,
    int activation,
    int loss,
    const Py_ssize_t[::1] blocks,
    Py_ssize_t n_parameters,
) except -1:
    """Describe some networks, once what there is to say of them is checked."""
    set_layers(&net.layers, "layer_sizes", sizes, 0, MAX_INT, activation)
    check_length("parameters", n_parameters, count_parameters(&net.layers))
    set_loss(&net.loss, loss, blocks, sizes[sizes.shape[0] - 1])
    return 0


cdef int check_widths(
    const Py_ssize_t[::1] sizes, Py_ssize_t n_inputs, Py_ssize_t n_outputs
) except -1:
    if sizes[0] != n_inputs or sizes[sizes.shape[0] - 1] != n_outputs:
        raise ValueError(
            f"layer_sizes must begin with {n_inputs} and end with {n_outputs}, got "
            f"{sizes[0]} and {sizes[sizes.shape[0] - 1]}"
        )
    return 0


cdef int check_rows(
    str name,
    const float[:, ::1] array,
    Py_ssize_t n_networks,
    Py_ssize_t n_parameters,
) except -1:
    if array.shape[0] != n_networks or array.shape[1] != n_parameters:
        raise ValueError(
            f"{name} must have shape ({n_networks}, {n_parameters}), "
            f"got ({array.shape[0]}, {array.shape[1]})"
        )
    return 0


cdef int check_permutations(
    const Py_ssize_t[:, ::1] permutations, Py_ssize_t n_samples
) except -1:
    cdef Py_ssize_t i, j
    cdef bint inside = True
    with nogil:
        for i in range(permutations.shape[0]):
            for j in range(permutations.shape[1]):
                inside &= 0 <= permutations[i, j] < n_samples
    if not inside:
        raise ValueError(f"permutations must hold row numbers below {n_samples}")
    return 0
