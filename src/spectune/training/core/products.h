/* Matrix products C = A B (+ bias) or C += A B, for matrices that a convolution sees in a signal.
 *
 * A may be any strided view, overlapping rows included, so the windows of a convolution are never
 * copied; rows of C may overlap when C is added to, which is the reverse of a convolution. B and
 * C come in panels of 32 columns. Every number of C sums its terms in their order, whatever the
 * size of the tile it falls into, so a result does not depend on who else is in the batch. */
#pragma once
#include "vectors.h"

#define PANEL 32
#define TALL (VL == 16 ? 12 : 6)
#define ACROSS 2 /* vectors of a tile */

/* a(i, k, o) = a[i * ai + k * ak + o * ao]; sums go over k < kin and o < kout. */
typedef struct {
  long m, n, kin, kout;
  const float *a;
  long ai, ak, ao;
  const float *b; /* panel p starts at b + p * bp */
  long bp, bk, bo;
  float *c; /* panel p starts at c + p * cp */
  long cp, ci;
  const float *bias; /* n numbers, padded to whole panels; NULL for none */
  int add;
  long all_m, all_n;  /* of the whole product where this is a share of it, by which sums are cut; 0: m, n */
  long times, as, cs; /* the same with further A and C, as and cs numbers apart; 0: once */
} Product;

INLINE void tile(int rows, int vectors, const Product *p, const float *a, const float *b, float *c, const float *bias,
                 int last) {
  V s[TALL][ACROSS];
#pragma GCC unroll 12
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) s[i][v] = bias ? load(bias + v * VL) : all(0.0f);
  const long ai = p->ai, ak = p->ak, bk = p->bk, kin = p->kin;
  for (long o = 0; o < p->kout; o++) {
    const float *x = a + o * p->ao, *y = b + o * p->bo;
    for (long k = 0; k < kin; k++) {
      V w[ACROSS];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) w[v] = load(y + v * VL);
#pragma GCC unroll 12
      for (int i = 0; i < rows; i++) {
        V one = all(x[i * ai]);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) s[i][v] += one * w[v];
      }
      x += ak;
      y += bk;
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < rows; i++) {
    float *out = c + i * p->ci;
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++, out += VL) {
      if (v < vectors - 1 || last == VL)
        store(out, p->add ? load(out) + s[i][v] : s[i][v]);
      else
        store_part(out, p->add ? load_part(out, last) + s[i][v] : s[i][v], last);
    }
  }
}

typedef void Tile(const Product *, const float *, const float *, float *, const float *, int);
#define TILE(r, v)                                                                                             \
  static __attribute__((noinline)) void tile_##r##_##v(const Product *p, const float *a, const float *b, float *c, \
                                                       const float *bias, int last) {                          \
    tile(r, v, p, a, b, c, bias, last);                                                                        \
  }
#define TILES(r) TILE(r, 1) TILE(r, 2)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if VL == 16
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12)
#endif
static Tile *const tiles[][ACROSS] = {
    {tile_1_1, tile_1_2}, {tile_2_1, tile_2_2}, {tile_3_1, tile_3_2},
    {tile_4_1, tile_4_2}, {tile_5_1, tile_5_2}, {tile_6_1, tile_6_2},
#if VL == 16
    {tile_7_1, tile_7_2}, {tile_8_1, tile_8_2}, {tile_9_1, tile_9_2},
    {tile_10_1, tile_10_2}, {tile_11_1, tile_11_2}, {tile_12_1, tile_12_2},
#endif
};

/* Rows [i, i + rows) of one panel. */
static void panel(const Product *p, long i, int rows, long number) {
  long columns = p->n - number * PANEL;
  if (columns > PANEL) columns = PANEL;
  const float *a = p->a + i * p->ai, *b = p->b + number * p->bp;
  const float *bias = p->bias ? p->bias + number * PANEL : 0;
  float *c = p->c + number * p->cp + i * p->ci;
  for (long at = 0; at < columns; at += ACROSS * VL) {
    long left = columns - at;
    int vectors = left > VL ? 2 : 1;
    int last = left >= vectors * VL ? VL : (int)(left - (vectors - 1) * VL);
    tiles[rows - 1][vectors - 1](p, a, b + at, c + at, bias ? bias + at : 0, last);
  }
}

static void block(const Product *p) {
  const long panels = (p->n + PANEL - 1) / PANEL, heights = (p->m + TALL - 1) / TALL;
  const int fits = p->kin * p->kout * panels * PANEL <= 160 * 1024;
  for (long outer = 0; outer < (fits ? heights : panels); outer++)
    for (long inner = 0; inner < (fits ? panels : heights); inner++) {
      const long h = fits ? outer : inner, number = fits ? inner : outer;
      const long i = h * p->m / heights;
      panel(p, i, (int)((h + 1) * p->m / heights - i), number);
    }
}

#define GROUP (8 * TALL)
#define DEEP 1152

/* C += or = A B where neighbouring rows of A lie side by side and its columns far apart, as in the
 * gradient of a weight. Columns of A are copied first, eight tiles at once, so that memory is read in
 * whole lines and only once. Worth it where A does not fit the cache. */
static void turned(const Product *p) {
  static _Thread_local float copied[DEEP * GROUP];
  for (long i = 0; i < p->m; i += GROUP) {
    const long rows = p->m - i < GROUP ? p->m - i : GROUP;
    for (long k = 0; k < p->kin; k++) memcpy(copied + k * GROUP, p->a + i + k * p->ak, sizeof(float) * rows);
    Product part = *p;
    part.m = rows;
    part.a = copied;
    part.ak = GROUP;
    part.c = p->c + i * p->ci;
    block(&part);
  }
}

/* The whole product; long sums are cut so that the part of B in use stays in the second-level cache. */
static void product(Product p) {
  if (p.m <= 0 || p.n <= 0) return;
  const long all_n = p.all_n ? p.all_n : p.n;
  const int far = p.ai == 1 && p.kout == 1 && all_n > PANEL && p.kin * p.ak > 256 * 1024;
  long wide = (all_n + PANEL - 1) / PANEL * PANEL, most = 128 * 1024 / wide;
  if (most < 256) most = 256;
  if (far) most = DEEP;
  if (p.kout > 1 || (!far && p.kin <= most + most / 2)) {
    block(&p);
    return;
  }
  const long parts = (p.kin + most - 1) / most, total = p.kin;
  const float *a = p.a, *b = p.b;
  for (long part = 0; part < parts; part++) {
    const long k = part * total / parts;
    p.a = a + k * p.ak;
    p.b = b + k * p.bk;
    p.kin = (part + 1) * total / parts - k;
    if (far) turned(&p);
    else block(&p);
    p.add = 1;
    p.bias = 0;
  }
}
