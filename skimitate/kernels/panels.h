/* Products of a few rows with a matrix that is packed once and used many times.
 *
 * BLAS packs both factors at each call, which for a few rows costs as much as the product
 * itself. Here the matrix lies in panels of 16 columns, each row by row and the last
 * filled up with zeros, and stays like that for all steps of a minibatch. An entry of a
 * product is summed in the order of the rows of the matrix, whatever the batch.
 */
#ifndef SKIMITATE_PANELS_H
#define SKIMITATE_PANELS_H

#include "vector_math.h"

#define PANEL 16

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define LANES 8
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
#else
#define INLINE static inline
#define LANES 1
typedef float lanes;
#endif

/* Number of values that k x n entries take. */
static inline ptrdiff_t panels_size(ptrdiff_t k, ptrdiff_t n)
{
    return (n + PANEL - 1) / PANEL * PANEL * k;
}

/* Pack the k x n matrix whose entry (l, j) is W[l * by_row + j * by_column]. */
static void pack_panels(
    ptrdiff_t k, ptrdiff_t n, const float *RESTRICT W, ptrdiff_t by_row,
    ptrdiff_t by_column, float *RESTRICT panels)
{
    for (ptrdiff_t start = 0; start < n; start += PANEL)
        for (ptrdiff_t l = 0; l < k; l++)
            for (ptrdiff_t j = start; j < start + PANEL; j++)
                *panels++ = j < n ? W[l * by_row + j * by_column] : 0.0f;
}

/* Add to n_rows x n_panels blocks of C; both numbers are known to the compiler. */
INLINE void add_block(
    int n_rows, int n_panels, ptrdiff_t k, const float *RESTRICT A, ptrdiff_t lda,
    const float *RESTRICT panels, float *RESTRICT C, ptrdiff_t ldc)
{
    enum { PARTS = PANEL / LANES };
    lanes sums[4][4 * PARTS];
    for (int i = 0; i < n_rows; i++)
        for (int p = 0; p < n_panels * PARTS; p++)
            sums[i][p] = *(const lanes *)(C + i * ldc + p * LANES);
    for (ptrdiff_t l = 0; l < k; l++)
        for (int panel = 0; panel < n_panels; panel++)
            for (int p = 0; p < PARTS; p++) {
                const float *row = panels + (panel * k + l) * PANEL;
                lanes w = *(const lanes *)(row + p * LANES);
                for (int i = 0; i < n_rows; i++)
                    sums[i][panel * PARTS + p] += A[i * lda + l] * w;
            }
    for (int i = 0; i < n_rows; i++)
        for (int p = 0; p < n_panels * PARTS; p++)
            *(lanes *)(C + i * ldc + p * LANES) = sums[i][p];
}

/* The last panel, of which C has but `width` columns. */
INLINE void add_end(
    int n_rows, ptrdiff_t width, ptrdiff_t k, const float *RESTRICT A, ptrdiff_t lda,
    const float *RESTRICT panels, float *RESTRICT C, ptrdiff_t ldc)
{
    float block[4 * PANEL] = {0};
    for (int i = 0; i < n_rows; i++)
        for (ptrdiff_t j = 0; j < width; j++)
            block[i * PANEL + j] = C[i * ldc + j];
    add_block(n_rows, 1, k, A, lda, panels, block, PANEL);
    for (int i = 0; i < n_rows; i++)
        for (ptrdiff_t j = 0; j < width; j++)
            C[i * ldc + j] = block[i * PANEL + j];
}

/* C += A times the packed k x n matrix. */
WIDE static void add_product(
    ptrdiff_t n_rows, ptrdiff_t n, ptrdiff_t k, const float *RESTRICT A, ptrdiff_t lda,
    const float *RESTRICT panels, float *RESTRICT C, ptrdiff_t ldc)
{
    ptrdiff_t whole = n / PANEL * PANEL, i = 0;
    for (; i + 4 <= n_rows; i += 4) {
        for (ptrdiff_t j = 0; j < whole; j += PANEL)
            add_block(4, 1, k, A + i * lda, lda, panels + j * k, C + i * ldc + j, ldc);
        if (whole < n)
            add_end(
                4, n - whole, k, A + i * lda, lda, panels + whole * k,
                C + i * ldc + whole, ldc);
    }
    for (; i < n_rows; i++) {
        const float *RESTRICT row = A + i * lda;
        ptrdiff_t j = 0;
        /* Several panels at once: one sum would wait for its last addition. */
        for (; j + 4 * PANEL <= whole; j += 4 * PANEL)
            add_block(1, 4, k, row, lda, panels + j * k, C + i * ldc + j, ldc);
        for (; j < whole; j += PANEL)
            add_block(1, 1, k, row, lda, panels + j * k, C + i * ldc + j, ldc);
        if (whole < n)
            add_end(
                1, n - whole, k, row, lda, panels + whole * k, C + i * ldc + whole, ldc);
    }
}

#endif
