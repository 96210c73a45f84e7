/* Elementwise loops of the kernels, compiled for several instruction sets.
 *
 * A loop here is chosen at run time for the machine it runs on (target_clones), so the
 * package itself is built for the baseline of its architecture. No loop may be
 * reordered by the compiler: results are the same from call to call, and differ between
 * instruction sets in fused multiply-adds alone.
 */
#ifndef SKIMITATE_VECTOR_MATH_H
#define SKIMITATE_VECTOR_MATH_H

#include <float.h>
#include <math.h>
#include <stddef.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif

#if defined(_MSC_VER)
#define RESTRICT __restrict
#else
#define RESTRICT restrict
#endif

/* tanh by the rational approximation that Eigen uses (degrees 13 and 6), within a few
 * units in the last place of float32; unlike libm's it vectorizes. */
static inline float tanh_float(float x)
{
    const float limit = 7.90531110763549805f;
    float clamped = x > limit ? limit : (x < -limit ? -limit : x);
    float s = clamped * clamped;
    float p = -2.76076847742355e-16f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s + -8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    float q = 1.19825839466702e-06f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    float small = x < 0 ? -x : x;
    return small < 0.0004f ? x : clamped * p / q;
}

/* Numbers below 1e-38 count as zero while a kernel trains: the moments of weights that
 * no longer matter decay into that range, where arithmetic is a hundred times slower.
 * The setting is that of the calling thread. */
#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define FLUSH_TO_ZERO 0x8040u
static inline unsigned flush_denormals(void)
{
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_TO_ZERO);
    return before;
}
static inline void restore_denormals(unsigned before) { _mm_setcsr(before); }
#else
static inline unsigned flush_denormals(void) { return 0; }
static inline void restore_denormals(unsigned before) { (void)before; }
#endif

/* Ask for n values to be brought into the cache, a line of 64 bytes at a time. */
static inline void prefetch(const float *x, ptrdiff_t n)
{
#if defined(__GNUC__)
    for (ptrdiff_t i = 0; i < n; i += 16)
        __builtin_prefetch(x + i, 0, 2);
#else
    (void)x, (void)n;
#endif
}

/* Each of n_rows rows of Z gets the bias. */
WIDE static void add_bias(
    ptrdiff_t n_rows, ptrdiff_t n, const float *RESTRICT bias, float *RESTRICT Z)
{
    for (ptrdiff_t i = 0; i < n_rows; i++)
        for (ptrdiff_t j = 0; j < n; j++)
            Z[i * n + j] = bias[j];
}

/* Activations: in place on float32 while training, and on float64 while acting; and how
 * the gradient G by the activations A becomes that by their inputs. NaN stays NaN. */
#define ACTIVATION(name, in_float, in_double, slope)                                   \
    WIDE static void name##_forward(ptrdiff_t n, float *RESTRICT Z)                    \
    {                                                                                  \
        for (ptrdiff_t i = 0; i < n; i++) {                                            \
            float z = Z[i];                                                            \
            Z[i] = in_float;                                                           \
        }                                                                              \
    }                                                                                  \
    WIDE static void name##_backward(                                                  \
        ptrdiff_t n, const float *RESTRICT A, float *RESTRICT G)                       \
    {                                                                                  \
        for (ptrdiff_t i = 0; i < n; i++) {                                            \
            float a = A[i];                                                            \
            G[i] *= slope;                                                             \
        }                                                                              \
    }                                                                                  \
    static void name##_act(ptrdiff_t n, double *RESTRICT Z)                            \
    {                                                                                  \
        for (ptrdiff_t i = 0; i < n; i++) {                                            \
            double z = Z[i];                                                           \
            Z[i] = in_double;                                                          \
        }                                                                              \
    }

ACTIVATION(relu, z < 0.0f ? 0.0f : z, z < 0.0 ? 0.0 : z, (a > 0.0f ? 1.0f : 0.0f))
ACTIVATION(
    leaky_relu, z < 0.0f ? 0.01f * z : z, z < 0.0 ? 0.01 * z : z,
    (a > 0.0f ? 1.0f : 0.01f))
ACTIVATION(tanh, tanh_float(z), tanh(z), (1.0f - a * a))
ACTIVATION(
    logistic, 0.5f * tanh_float(0.5f * z) + 0.5f, 0.5 * tanh(0.5 * z) + 0.5,
    (a * (1.0f - a)))

typedef struct {
    const char *name;
    void (*forward)(ptrdiff_t, float *);
    void (*backward)(ptrdiff_t, const float *, float *);
    void (*act)(ptrdiff_t, double *);
} activation_loops;

/* Their numbers are their places here; NULL does nothing. */
static const activation_loops ACTIVATION_LOOPS[] = {
    {"identity", NULL, NULL, NULL},
    {"leaky_relu", leaky_relu_forward, leaky_relu_backward, leaky_relu_act},
    {"logistic", logistic_forward, logistic_backward, logistic_act},
    {"relu", relu_forward, relu_backward, relu_act},
    {"tanh", tanh_forward, tanh_backward, tanh_act},
};
#define N_ACTIVATIONS ((int)(sizeof ACTIVATION_LOOPS / sizeof *ACTIVATION_LOOPS))

/* Losses: return that of one row, given the outputs z and the targets t, and set its
 * gradient by the outputs, times weight. */
static double squared_error(
    ptrdiff_t n, const float *z, const float *t, double weight, float *RESTRICT gradient)
{
    double total = 0.0, factor = 2.0 * weight / n;
    for (ptrdiff_t j = 0; j < n; j++) {
        double difference = (double)z[j] - t[j];
        total += difference * difference;
        gradient[j] = (float)(factor * difference);
    }
    return total / n;
}

static double cross_entropy(
    ptrdiff_t n, const float *z, const float *t, double weight, float *RESTRICT gradient)
{
    double highest = z[0], normalizer = 0.0, total = 0.0;
    for (ptrdiff_t j = 1; j < n; j++)
        highest = z[j] > highest ? z[j] : highest;
    for (ptrdiff_t j = 0; j < n; j++)
        normalizer += exp(z[j] - highest);
    normalizer = log(normalizer);
    for (ptrdiff_t j = 0; j < n; j++) {
        double log_probability = z[j] - highest - normalizer;
        total -= t[j] * log_probability;
        gradient[j] = (float)(weight * (exp(log_probability) - t[j]));
    }
    return total;
}

typedef struct {
    const char *name;
    double (*row)(ptrdiff_t, const float *, const float *, double, float *);
} loss_loop;

static const loss_loop LOSS_LOOPS[] = {
    {"cross_entropy", cross_entropy},
    {"squared_error", squared_error},
};
#define N_LOSSES ((int)(sizeof LOSS_LOOPS / sizeof *LOSS_LOOPS))

/* sums[j] = sum over rows of G[i, j]. */
WIDE static void sum_rows(
    ptrdiff_t n_rows, ptrdiff_t n, const float *RESTRICT G, float *RESTRICT sums)
{
    for (ptrdiff_t j = 0; j < n; j++)
        sums[j] = 0.0f;
    for (ptrdiff_t i = 0; i < n_rows; i++)
        for (ptrdiff_t j = 0; j < n; j++)
            sums[j] += G[i * n + j];
}

WIDE static void add_scaled(
    ptrdiff_t n, float factor, const float *RESTRICT x, float *RESTRICT y)
{
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

/* One step of Adam, in the order of torch's operations. */
WIDE static void adam_step(
    ptrdiff_t n, float step_size, float beta1, float beta2, float root_correction,
    float epsilon, const float *RESTRICT gradient, float *RESTRICT parameter,
    float *RESTRICT moment1, float *RESTRICT moment2)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        float g = gradient[i];
        float m = moment1[i] + (1.0f - beta1) * (g - moment1[i]);
        float v = beta2 * moment2[i] + (1.0f - beta2) * g * g;
        moment1[i] = m;
        moment2[i] = v;
        parameter[i] -= step_size * m / (sqrtf(v) / root_correction + epsilon);
    }
}

WIDE static void move_average(
    ptrdiff_t n, float weight, const float *RESTRICT parameter, float *RESTRICT average)
{
    for (ptrdiff_t i = 0; i < n; i++)
        average[i] += weight * (parameter[i] - average[i]);
}

/* out[j] = bias[j] + sum over i of weight[j, i] * x[i], summed in float64 by eight
 * partial sums, which vectorize without reordering. */
WIDE static void affine_double(
    ptrdiff_t n_inputs, ptrdiff_t n_outputs, const float *RESTRICT weight,
    const float *RESTRICT bias, const double *RESTRICT x, double *RESTRICT out)
{
    for (ptrdiff_t j = 0; j < n_outputs; j++) {
        const float *row = weight + j * n_inputs;
        double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        ptrdiff_t i = 0;
        for (; i + 8 <= n_inputs; i += 8)
            for (int k = 0; k < 8; k++)
                s[k] += (double)row[i + k] * x[i + k];
        double total = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
        for (; i < n_inputs; i++)
            total += (double)row[i] * x[i];
        out[j] = total + bias[j];
    }
}

/* Column sums of rows that lie `stride` values apart; four rows at a time, so that the
 * sums are loaded and stored a quarter as often. */
#define COLUMN_SUMS(name, type)                                                        \
    WIDE static void name(ptrdiff_t n_rows, ptrdiff_t n, const type *RESTRICT X,       \
                          ptrdiff_t stride, double *RESTRICT sums)                     \
    {                                                                                  \
        ptrdiff_t i = 0;                                                               \
        for (; i + 4 <= n_rows; i += 4) {                                              \
            const type *a = X + i * stride, *b = a + stride;                           \
            const type *c = b + stride, *d = c + stride;                               \
            for (ptrdiff_t j = 0; j < n; j++)                                          \
                sums[j] += ((double)a[j] + b[j]) + ((double)c[j] + d[j]);              \
        }                                                                              \
        for (; i < n_rows; i++)                                                        \
            for (ptrdiff_t j = 0; j < n; j++)                                          \
                sums[j] += X[i * stride + j];                                          \
    }

COLUMN_SUMS(column_sums_float, float)
COLUMN_SUMS(column_sums_double, double)

/* Column sums of the deviations from a center, and of their squares. */
#define COLUMN_DEVIATIONS(name, type)                                                  \
    WIDE static void name(ptrdiff_t n_rows, ptrdiff_t n, const type *RESTRICT X,       \
                          ptrdiff_t stride, const double *RESTRICT center,             \
                          double *RESTRICT first, double *RESTRICT second)             \
    {                                                                                  \
        ptrdiff_t i = 0;                                                               \
        for (; i + 4 <= n_rows; i += 4) {                                              \
            const type *a = X + i * stride, *b = a + stride;                           \
            const type *c = b + stride, *d = c + stride;                               \
            for (ptrdiff_t j = 0; j < n; j++) {                                        \
                double u = a[j] - center[j], v = b[j] - center[j];                     \
                double w = c[j] - center[j], x = d[j] - center[j];                     \
                first[j] += (u + v) + (w + x);                                         \
                second[j] += (u * u + v * v) + (w * w + x * x);                        \
            }                                                                          \
        }                                                                              \
        for (; i < n_rows; i++)                                                        \
            for (ptrdiff_t j = 0; j < n; j++) {                                        \
                double u = X[i * stride + j] - center[j];                              \
                first[j] += u;                                                         \
                second[j] += u * u;                                                    \
            }                                                                          \
    }

COLUMN_DEVIATIONS(column_deviations_float, float)
COLUMN_DEVIATIONS(column_deviations_double, double)

#if defined(__GNUC__) && !defined(__clang__)
#define SAME_PLACE_OR_APART _Pragma("GCC ivdep")
#else
#define SAME_PLACE_OR_APART
#endif

/* out = (x - mean) * factor, limited to [-clip, clip]; NaN stays NaN. out may be x. */
#define STANDARDIZE(name, type)                                                        \
    WIDE static void name(ptrdiff_t n, const type *x, const double *RESTRICT mean,     \
                          const double *RESTRICT factor, double clip, type *out)       \
    {                                                                                  \
        SAME_PLACE_OR_APART                                                            \
        for (ptrdiff_t j = 0; j < n; j++) {                                            \
            double z = ((double)x[j] - mean[j]) * factor[j];                           \
            z = z > clip ? clip : z;                                                   \
            z = z < -clip ? -clip : z;                                                 \
            out[j] = (type)z;                                                          \
        }                                                                              \
    }

STANDARDIZE(standardize_float, float)
STANDARDIZE(standardize_double, double)

/* What a difference is, beside the mean, that rounding may have made of nothing; and the
 * mark of a larger one whose square underflowed. */
#define ROUNDING (10 * DBL_EPSILON)
#define LEAST 4.9406564584124654e-324

/* Join the moments of further values (b) to those of a stream (a), feature by feature:
 * Chan's formula, with each mean carried as a sum of two numbers. The select of what
 * came first keeps both of them. */
WIDE static void join_moments(
    ptrdiff_t n, const double *RESTRICT count_b, const double *RESTRICT mean_b,
    const double *RESTRICT residual_b, const double *RESTRICT m2_b,
    double *RESTRICT count, double *RESTRICT mean, double *RESTRICT residual,
    double *RESTRICT m2)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        double total = count[j] + count_b[j];
        double fraction = count_b[j] > 0.0 ? count_b[j] / total : 0.0;
        double delta = (mean_b[j] - mean[j]) + (residual_b[j] - residual[j]);
        double joined = m2[j] + (m2_b[j] + delta * delta * count[j] * fraction);
        double least = fabs(delta) > ROUNDING * fabs(mean_b[j]) ? LEAST : 0.0;
        joined = joined < least ? least : joined;
        double shift = residual[j] + delta * fraction;
        /* Knuth's TwoSum: moved + rest == mean + shift, exactly. */
        double moved = mean[j] + shift;
        double back = moved - mean[j];
        double rest = (mean[j] - (moved - back)) + (shift - back);
        int none = !(count_b[j] > 0.0), first = !(count[j] > 0.0);
        mean[j] = none ? mean[j] : (first ? mean_b[j] : moved);
        residual[j] = none ? residual[j] : (first ? residual_b[j] : rest);
        m2[j] = none ? m2[j] : (first ? m2_b[j] : joined);
        count[j] = total;
    }
}

/* From the sums of deviations from rounded means (first) and of their squares (second):
 * what the rounding left out, and the squares about the exact mean, in their place. */
WIDE static void correct_moments(
    ptrdiff_t n, const double *RESTRICT count, double *RESTRICT first,
    double *RESTRICT second)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        double residual = count[j] > 0.0 ? first[j] / count[j] : 0.0;
        double squares = second[j] - first[j] * residual;
        first[j] = residual;
        second[j] = squares > 0.0 ? squares : 0.0;
    }
}

#endif
