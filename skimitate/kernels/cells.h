/* Recurrent cells: one entry each, as torch.nn has them.
 *
 * While training, a row of gates has four blocks of n values, whatever the cell. The
 * first n_gates of them take the state times the weights of the state; the first n_joint
 * take the inputs times the weights of the inputs as well. What of the inputs is not
 * added to the state's share (the candidate of a GRU) is in the last block.
 */
#ifndef SKIMITATE_CELLS_H
#define SKIMITATE_CELLS_H

#include "vector_math.h"

static inline float logistic_float(float x) { return 0.5f * tanh_float(0.5f * x) + 0.5f; }
static inline double logistic_double(double x) { return 0.5 * tanh(0.5 * x) + 0.5; }

/* Reset, update, candidate: r, z, the state's share h of the candidate, and n, which is
 * tanh(its inputs + r h). The state becomes n + z (state - n). */
WIDE static void gru_forward(
    ptrdiff_t n_rows, ptrdiff_t n, float *RESTRICT gates, const float *RESTRICT before,
    float *RESTRICT state)
{
    for (ptrdiff_t i = 0; i < n_rows; i++) {
        float *RESTRICT row = gates + 4 * n * i;
        const float *RESTRICT old = before + n * i;
        for (ptrdiff_t j = 0; j < n; j++) {
            float r = logistic_float(row[j]), z = logistic_float(row[n + j]);
            float candidate = tanh_float(row[3 * n + j] + r * row[2 * n + j]);
            row[j] = r;
            row[n + j] = z;
            row[3 * n + j] = candidate;
            state[n * i + j] = candidate + z * (old[j] - candidate);
        }
    }
}

/* Gates become the gradients by what went into them; carry, which has the gradient by
 * the state from later steps, gets that by the state before, but for what the weights
 * of the state bring to it. */
WIDE static void gru_backward(
    ptrdiff_t n_rows, ptrdiff_t n, float *RESTRICT gates, const float *RESTRICT before,
    const float *RESTRICT state, const float *RESTRICT gradient, float *RESTRICT carry)
{
    (void)state;
    for (ptrdiff_t i = 0; i < n_rows; i++) {
        float *RESTRICT row = gates + 4 * n * i;
        for (ptrdiff_t j = 0; j < n; j++) {
            float r = row[j], z = row[n + j];
            float share = row[2 * n + j], candidate = row[3 * n + j];
            float g = gradient[n * i + j] + carry[n * i + j];
            float by_candidate = g * (1.0f - z) * (1.0f - candidate * candidate);
            row[j] = by_candidate * share * r * (1.0f - r);
            row[n + j] = g * (before[n * i + j] - candidate) * z * (1.0f - z);
            row[2 * n + j] = by_candidate * r;
            row[3 * n + j] = by_candidate;
            carry[n * i + j] = g * z;
        }
    }
}

static void gru_act(
    ptrdiff_t n, const double *RESTRICT inputs, const double *RESTRICT hidden,
    double *RESTRICT state)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        double r = logistic_double(inputs[j] + hidden[j]);
        double z = logistic_double(inputs[n + j] + hidden[n + j]);
        double candidate = tanh(inputs[2 * n + j] + r * hidden[2 * n + j]);
        state[j] = candidate + z * (state[j] - candidate);
    }
}

/* Input, forget, cell and output: i, f, g, o. The state is h, then c: c becomes
 * f c + i g, and h is o tanh(c). */
WIDE static void lstm_forward(
    ptrdiff_t n_rows, ptrdiff_t n, float *RESTRICT gates, const float *RESTRICT before,
    float *RESTRICT state)
{
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        float *RESTRICT gate = gates + 4 * n * row;
        const float *RESTRICT old = before + 2 * n * row + n;
        float *RESTRICT new = state + 2 * n * row;
        for (ptrdiff_t j = 0; j < n; j++) {
            float i = logistic_float(gate[j]), f = logistic_float(gate[n + j]);
            float g = tanh_float(gate[2 * n + j]), o = logistic_float(gate[3 * n + j]);
            float c = f * old[j] + i * g;
            gate[j] = i;
            gate[n + j] = f;
            gate[2 * n + j] = g;
            gate[3 * n + j] = o;
            new[j] = o * tanh_float(c);
            new[n + j] = c;
        }
    }
}

WIDE static void lstm_backward(
    ptrdiff_t n_rows, ptrdiff_t n, float *RESTRICT gates, const float *RESTRICT before,
    const float *RESTRICT state, const float *RESTRICT gradient, float *RESTRICT carry)
{
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        float *RESTRICT gate = gates + 4 * n * row;
        const float *RESTRICT old = before + 2 * n * row + n;
        const float *RESTRICT new = state + 2 * n * row + n;
        float *RESTRICT later = carry + 2 * n * row;
        for (ptrdiff_t j = 0; j < n; j++) {
            float i = gate[j], f = gate[n + j], g = gate[2 * n + j], o = gate[3 * n + j];
            float squashed = tanh_float(new[j]);
            float by_h = gradient[n * row + j] + later[j];
            float by_c = later[n + j] + by_h * o * (1.0f - squashed * squashed);
            gate[j] = by_c * g * i * (1.0f - i);
            gate[n + j] = by_c * old[j] * f * (1.0f - f);
            gate[2 * n + j] = by_c * i * (1.0f - g * g);
            gate[3 * n + j] = by_h * squashed * o * (1.0f - o);
            later[j] = 0.0f;
            later[n + j] = by_c * f;
        }
    }
}

static void lstm_act(
    ptrdiff_t n, const double *RESTRICT inputs, const double *RESTRICT hidden,
    double *RESTRICT state)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        double i = logistic_double(inputs[j] + hidden[j]);
        double f = logistic_double(inputs[n + j] + hidden[n + j]);
        double g = tanh(inputs[2 * n + j] + hidden[2 * n + j]);
        double o = logistic_double(inputs[3 * n + j] + hidden[3 * n + j]);
        double c = f * state[n + j] + i * g;
        state[j] = o * tanh(c);
        state[n + j] = c;
    }
}

typedef struct {
    const char *name;
    ptrdiff_t n_gates;
    ptrdiff_t n_joint;
    ptrdiff_t n_states;
    void (*forward)(ptrdiff_t, ptrdiff_t, float *, const float *, float *);
    void (*backward)(
        ptrdiff_t, ptrdiff_t, float *, const float *, const float *, const float *,
        float *);
    void (*act)(ptrdiff_t, const double *, const double *, double *);
} cell_loops;

/* Their numbers are their places here. */
static const cell_loops CELL_LOOPS[] = {
    {"gru", 3, 2, 1, gru_forward, gru_backward, gru_act},
    {"lstm", 4, 4, 2, lstm_forward, lstm_backward, lstm_act},
};
#define N_CELLS ((int)(sizeof CELL_LOOPS / sizeof *CELL_LOOPS))

#endif
