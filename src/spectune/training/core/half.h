/* Products with bfloat16 factors and float32 sums, where the processor multiplies pairs of them.
 *
 * Both factors are rounded to bfloat16 (to nearest, ties to even) while they are copied: two
 * neighbouring terms of a sum side by side in 32 bits. Storage, sums and everything else stay in
 * float32. Products too small to repay the copies stay in float32 altogether. */
#pragma once
#include "products.h"

#if defined(__AVX512F__) && (__GNUC__ >= 10 || __clang__)
#define HALF 1
#define PAIRS_OF_B (128 * 1024)
#define PAIRS_OF_A (96 * 1024)

typedef struct {
  uint32_t b[PAIRS_OF_B], a[PAIRS_OF_A];
} Copies;

/* Two numbers of every lane as bfloat16, the first one low. */
INLINE VU paired(V first, V second) {
  VU low = (VU)first, high = (VU)second;
  low += 0x7fff + ((low >> 16) & 1);
  high += 0x7fff + ((high >> 16) & 1);
  return (low >> 16) | (high & 0xffff0000u);
}

INLINE void put_pairs(uint32_t *to, V first, V second, int n) {
  put((float *)to, (V)paired(first, second), n);
}

/* Rows k and k + 1 of `total` numbers, as pairs; a missing second row is zeros. */
static void pair_rows(const float *first, const float *second, uint32_t *to, long total) {
  OVER(total, put_pairs(to + i, get(first + i, n), second ? get(second + i, n) : all(0), n);)
}

/* A row of numbers as bfloat16 in their order, an even number of them, zeros behind. */
static void round_row(const float *from, uint16_t *to, long total) {
  for (long i = 0; i < total; i++) {
    uint32_t bits;
    memcpy(&bits, from + i, 4);
    to[i] = (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
  to[total] = to[total + 1] = 0;
}

typedef struct {
  const Product *p;
  const char *a;
  long step_i, step_k, pairs; /* bytes from row to row and from pair to pair of a */
  const uint32_t *b;
  long panel_step;
} Halves;

__attribute__((target("avx512bf16,avx512vl"))) INLINE void half_tile(int rows, int vectors, const Halves *h,
                                                                     const char *a, const uint32_t *b, float *c,
                                                                     const float *bias, int last) {
  V s[TALL][ACROSS];
#pragma GCC unroll 12
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) s[i][v] = bias ? load(bias + v * VL) : all(0.0f);
  const long step_i = h->step_i, step_k = h->step_k;
  for (long k = 0; k < h->pairs; k++, a += step_k, b += PANEL) {
    __m512bh w[ACROSS];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) w[v] = (__m512bh)_mm512_loadu_si512(b + v * VL);
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++) {
      int pair;
      memcpy(&pair, a + i * step_i, 4);
      const __m512bh one = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) s[i][v] = (V)_mm512_dpbf16_ps((__m512)s[i][v], one, w[v]);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < rows; i++) {
    float *out = c + i * h->p->ci;
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++, out += VL) {
      const int n = v < vectors - 1 ? VL : last;
      put(out, h->p->add ? get(out, n) + s[i][v] : s[i][v], n);
    }
  }
}

typedef void HalfTile(const Halves *, const char *, const uint32_t *, float *, const float *, int);
#define HALF_TILE(r, v)                                                                                               \
  __attribute__((noinline, target("avx512bf16,avx512vl"))) static void half_##r##_##v(                                \
      const Halves *h, const char *a, const uint32_t *b, float *c, const float *bias, int last) {                     \
    half_tile(r, v, h, a, b, c, bias, last);                                                                          \
  }
#define HALF_TILES(r) HALF_TILE(r, 1) HALF_TILE(r, 2)
HALF_TILES(1) HALF_TILES(2) HALF_TILES(3) HALF_TILES(4) HALF_TILES(5) HALF_TILES(6)
HALF_TILES(7) HALF_TILES(8) HALF_TILES(9) HALF_TILES(10) HALF_TILES(11) HALF_TILES(12)
static HalfTile *const half_tiles[][ACROSS] = {
    {half_1_1, half_1_2}, {half_2_1, half_2_2}, {half_3_1, half_3_2},    {half_4_1, half_4_2},
    {half_5_1, half_5_2}, {half_6_1, half_6_2}, {half_7_1, half_7_2},    {half_8_1, half_8_2},
    {half_9_1, half_9_2}, {half_10_1, half_10_2}, {half_11_1, half_11_2}, {half_12_1, half_12_2},
};

/* Rows [first, first + rows) of C, with their part of A already copied. */
static void half_block(const Halves *h, long first, long rows) {
  const Product *p = h->p;
  const long heights = (rows + TALL - 1) / TALL;
  for (long each = 0; each < heights; each++) {
    const long i = each * rows / heights;
    const int tall = (int)((each + 1) * rows / heights - i);
    for (long number = 0; number * PANEL < p->n; number++) {
      const long left = p->n - number * PANEL;
      const int vectors = left > VL ? 2 : 1, last = left >= vectors * VL ? VL : (int)(left - (vectors - 1) * VL);
      half_tiles[tall - 1][vectors - 1](h, h->a + i * h->step_i, h->b + number * h->panel_step,
                                        p->c + number * p->cp + (first + i) * p->ci,
                                        p->bias ? p->bias + number * PANEL : 0, last);
    }
  }
}

/* Copies of B for terms [k, k + terms), all panels. */
static void half_b(Halves *h, Copies *copies, long k, long terms) {
  const Product *p = h->p;
  h->pairs = (terms + 1) / 2;
  h->panel_step = h->pairs * PANEL;
  h->b = copies->b;
  for (long number = 0; number * PANEL < p->n; number++)
    for (long t = 0; t < terms; t += 2) {
      const float *from = p->b + number * p->bp + (k + t) * p->bk;
      const long left = p->n - number * PANEL;
      pair_rows(from, t + 1 < terms ? from + p->bk : 0, copies->b + number * h->panel_step + t / 2 * PANEL,
                left < PANEL ? left : PANEL);
    }
}

/* Sums run along the rows of A: forward passes and gradients of inputs. */
static void half_along(Halves *h, Copies *copies, long k, long terms) {
  const Product *p = h->p;
  const int overlapping = p->ai < terms; /* windows of a convolution: their common signal is copied once */
  const long step = overlapping ? p->ai : (terms + 2) / 2 * 2, room = 2 * PAIRS_OF_A - 4 - terms;
  const long most = room / step < TALL ? TALL : room / step / TALL * TALL;
  uint16_t *to = (uint16_t *)copies->a;
  h->a = (const char *)to;
  h->step_i = 2 * step;
  h->step_k = 4;
  for (long i = 0; i < p->m; i += most) {
    const long rows = p->m - i < most ? p->m - i : most;
    const float *from = p->a + i * p->ai + k;
    if (overlapping) round_row(from, to, (rows - 1) * p->ai + terms);
    else
      for (long r = 0; r < rows; r++) round_row(from + r * p->ai, to + r * step, terms);
    half_block(h, i, rows);
  }
}

/* Sums run across the rows of A, whose columns become rows: gradients of weights. */
static void half_across(Halves *h, Copies *copies, long k, long terms) {
  const Product *p = h->p;
  const int overlapping = p->ak < p->m && (terms - 1) * p->ak + p->m <= PAIRS_OF_A;
  h->a = (const char *)copies->a;
  h->step_i = 4;
  if (overlapping) {
    const float *from = p->a + k * p->ak;
    h->step_k = 8 * p->ak;
    const long total = (terms - 2 + terms % 2) * p->ak + p->m, inside = (terms - 1) * p->ak + p->m - p->ak;
    pair_rows(from, from + p->ak, copies->a, inside < total ? inside : total);
    if (inside < total) pair_rows(from + inside, 0, copies->a + inside, total - inside);
    half_block(h, 0, p->m);
    return;
  }
  const long most = PAIRS_OF_A / h->pairs < p->m ? PAIRS_OF_A / h->pairs / TALL * TALL : p->m;
  for (long i = 0; i < p->m; i += most) {
    const long rows = p->m - i < most ? p->m - i : most;
    h->step_k = 4 * rows;
    for (long t = 0; t < terms; t += 2) {
      const float *from = p->a + i + (k + t) * p->ak;
      pair_rows(from, t + 1 < terms ? from + p->ak : 0, copies->a + t / 2 * rows, rows);
    }
    half_block(h, i, rows);
  }
}

/* One product after another with the same B, which is copied once. */
static void half_each(Product p, Copies *copies, long k, long terms) {
  Halves h = {.p = &p};
  half_b(&h, copies, k, terms);
  for (long t = 0; t < (p.times ? p.times : 1); t++, p.a += p.as, p.c += p.cs)
    if (p.ai == 1) half_across(&h, copies, k, terms);
    else half_along(&h, copies, k, terms);
}

static void half_product(Product p) {
  static _Thread_local Copies copies;
  const long wide = (p.all_n + PANEL - 1) / PANEL * PANEL, all_m = p.all_m;
  const float *a = p.a, *b = p.b;
  for (long o = 0; o < p.kout; o++) {
    p.a = a + o * p.ao;
    p.b = b + o * p.bo;
    long most = 2 * PAIRS_OF_B / wide / 2 * 2 - 2;
    if (p.ai == 1 && p.ak < all_m && PAIRS_OF_A > 8 * p.ak + all_m && (PAIRS_OF_A - all_m) / p.ak < most)
      most = (PAIRS_OF_A - all_m) / p.ak / 2 * 2;
    if (p.ai == 1 && p.ak >= all_m && most > 2 * PAIRS_OF_A / (2 * TALL)) most = 2 * PAIRS_OF_A / (2 * TALL);
    if (p.ai != 1 && most > 4096) most = 4096;
    const long parts = (p.kin + most - 1) / most, unit = (p.kin + parts - 1) / parts + 1;
    for (long k = 0, terms; k < p.kin; k += terms) {
      terms = p.kin - k < unit / 2 * 2 ? p.kin - k : unit / 2 * 2;
      half_each(p, &copies, k, terms);
      p.add = 1;
      p.bias = 0;
    }
  }
}

INLINE int halves(void) { return __builtin_cpu_supports("avx512bf16"); }
#else
#define HALF 0
INLINE int halves(void) { return 0; }
#endif

/* A product in the precision of the plan. */
static void multiply(Product p, int64_t half) {
#if HALF
  if (!p.all_m) p.all_m = p.m;
  if (!p.all_n) p.all_n = p.n;
  const long work = p.all_m * p.kin * p.all_n;
  if (half && p.m > 0 && p.all_m >= 96 && p.kin >= 48 && p.all_n >= 24 && p.all_n <= 4096 &&
      (p.kout == 1 || work >= 1 << 20)) {
    half_product(p);
    return;
  }
#endif
  (void)half;
  for (long t = 0; t < (p.times ? p.times : 1); t++, p.a += p.as, p.c += p.cs) product(p);
}
