"""What the kernels that train networks share: products, losses, a step of Adam.

Networks lie in one row of parameters. Matrices are stored by rows; BLAS takes them by
columns and so sees each transposed.
"""

from libc.math cimport pow, sqrt
from scipy.linalg.cython_blas cimport sgemm

cdef extern from "vector_math.h" nogil:
    void add_scaled(Py_ssize_t, float, const float*, float*)
    void adam_step(
        Py_ssize_t, float, float, float, float, float,
        const float*, float*, float*, float*,
    )
    void move_average(Py_ssize_t, float, const float*, float*)
    int N_LOSSES
    ctypedef struct loss_loop:
        const char* name
        double (*row)(
            Py_ssize_t, const float*, const float*, double, float*
        ) noexcept nogil
    const loss_loop LOSS_LOOPS[]


cdef struct Loss:
    const loss_loop* loop
    Py_ssize_t n_blocks         # of outputs, each with a loss of its own
    const Py_ssize_t* blocks    # their widths


cdef struct Descent:
    Py_ssize_t batch_size
    double learning_rate
    double penalty
    double ema_decay
    Py_ssize_t n_parameters


cdef inline void multiply(
    bint transpose_a,
    bint transpose_b,
    Py_ssize_t m,
    Py_ssize_t n,
    Py_ssize_t k,
    const float* a,
    Py_ssize_t lda,
    const float* b,
    Py_ssize_t ldb,
    float beta,
    float* c,
    Py_ssize_t ldc,
) noexcept nogil:
    """Set c (m x n by columns) to op(a) op(b) + beta c."""
    cdef:
        char no = b"N"
        char yes = b"T"
        int m_ = <int> m
        int n_ = <int> n
        int k_ = <int> k
        int lda_ = <int> lda
        int ldb_ = <int> ldb
        int ldc_ = <int> ldc
        float one = 1.0
    sgemm(
        &yes if transpose_a else &no,
        &yes if transpose_b else &no,
        &m_, &n_, &k_, &one,
        <float*> a, &lda_, <float*> b, &ldb_, &beta, c, &ldc_,
    )


cdef inline double output_gradient(
    const Loss* loss,
    Py_ssize_t n_rows,
    const float* outputs,
    const float* targets,
    const float* sample_weight,
    double divisor,
    float* gradient,
) noexcept nogil:
    """Return the loss summed over the rows; set the gradient of ``1 / divisor`` of it.

    That is the gradient by the outputs. Without weights each row has weight 1.
    """
    cdef:
        Py_ssize_t i, block, start = 0
        double total = 0.0, weight
    for i in range(n_rows):
        weight = 1.0 if sample_weight == NULL else sample_weight[i]
        for block in range(loss.n_blocks):
            total += weight * loss.loop.row(
                loss.blocks[block], outputs + start, targets + start,
                weight / divisor, gradient + start,
            )
            start += loss.blocks[block]
    return total


cdef inline double penalize(
    double penalty, Py_ssize_t n, const float* weight, float* gradient
) noexcept nogil:
    """Add the gradient of ``penalty`` times the sum of squared weights; return that."""
    cdef Py_ssize_t i
    cdef double total = 0.0
    if penalty <= 0.0:
        return 0.0
    for i in range(n):
        total += weight[i] * weight[i]
    add_scaled(n, <float> (2.0 * penalty), weight, gradient)
    return penalty * total


cdef inline double newest_weight(double ema_decay, Py_ssize_t step) noexcept nogil:
    """Return the weight of the newest iterate in the average; see average_weight."""
    return max(1.0 - ema_decay, 10.0 / (9.0 + step))


cdef inline void descend(
    const Descent* how,
    Py_ssize_t step,
    const float* gradient,
    float* parameters,
    float* moment1,
    float* moment2,
    float* average,
) noexcept nogil:
    """Take a step of Adam, the first being number 1; let the average follow."""
    cdef:
        double beta1 = 0.9
        double beta2 = 0.999
        double correction1 = 1.0 - pow(beta1, <double> step)
        double correction2 = 1.0 - pow(beta2, <double> step)
    adam_step(
        how.n_parameters, <float> (how.learning_rate / correction1), <float> beta1,
        <float> beta2, <float> sqrt(correction2), 1e-8,
        gradient, parameters, moment1, moment2,
    )
    if average != NULL:
        move_average(
            how.n_parameters, <float> newest_weight(how.ema_decay, step), parameters,
            average,
        )


cdef inline int check_length(
    str name, Py_ssize_t found, Py_ssize_t expected
) except -1:
    if found != expected:
        raise ValueError(f"{name} must have length {expected}, got {found}")
    return 0


cdef inline int set_loss(
    Loss* described, int loss, const Py_ssize_t[::1] blocks, Py_ssize_t n_outputs
) except -1:
    """Describe a loss of blocks of outputs, once these are checked."""
    cdef Py_ssize_t i, total = 0
    if not 0 <= loss < N_LOSSES:
        raise ValueError(f"loss must be one of LOSSES, got {loss}")
    for i in range(blocks.shape[0]):
        if not 1 <= blocks[i] <= n_outputs - total:
            total = -1
            break
        total += blocks[i]
    if total != n_outputs:
        raise ValueError(
            f"blocks must be positive widths that add up to {n_outputs}, got "
            f"{[width for width in blocks]}"
        )
    described.loop = &LOSS_LOOPS[loss]
    described.n_blocks = blocks.shape[0]
    described.blocks = &blocks[0]
    return 0
