/* Vectors of floats: as wide as the machine, by the compiler's own vector types. */
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define VL 16
#elif defined(__AVX__)
#define VL 8
#else
#define VL 4
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float V __attribute__((vector_size(VL * 4)));
typedef int32_t VI __attribute__((vector_size(VL * 4)));
typedef uint32_t VU __attribute__((vector_size(VL * 4)));
typedef float Anywhere __attribute__((vector_size(VL * 4), aligned(4), may_alias));

INLINE V load(const float *p) { return *(const Anywhere *)p; }
INLINE void store(float *p, V v) { *(Anywhere *)p = v; }
INLINE V all(float x) { return x - (V){0}; }

/* The first n (fewer than VL) numbers, zeros behind them. */
INLINE V load_part(const float *p, int n) {
#if defined(__AVX512F__)
  return (V)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
  V v = {0};
  for (int i = 0; i < n; i++) v[i] = p[i];
  return v;
#endif
}

INLINE void store_part(float *p, V v, int n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
  for (int i = 0; i < n; i++) p[i] = v[i];
#endif
}

/* a where the mask is set, b elsewhere. */
INLINE V choose(VI mask, V a, V b) { return (V)(((VI)a & mask) | ((VI)b & ~mask)); }
INLINE V larger(V a, V b) { return choose(a > b, a, b); }
INLINE V smaller(V a, V b) { return choose(a < b, a, b); }

/* exp to about one unit in the last place between -87 and 88, its ends beyond. NaN stays NaN. */
INLINE V exponential(V x) {
  V in = smaller(larger(x, all(-87.0f)), all(88.0f));
  in = choose(x != x, x, in);
  const V magic = all(12582912.0f);
  V turns = (in * 1.44269504f + magic) - magic;
  V f = in - turns * 0.693359375f + turns * 2.12194440e-4f;
  V y = all(1.9875691500e-4f);
  y = y * f + 1.3981999507e-3f;
  y = y * f + 8.3334519073e-3f;
  y = y * f + 4.1665795894e-2f;
  y = y * f + 1.6666665459e-1f;
  y = y * f + 5.0000001201e-1f;
  y = y * f * f + f + 1.0f;
  VI power = (__builtin_convertvector(turns, VI) + 127) << 23;
  return y * (V)power;
}

/* tanh to two units in the last place; near zero the polynomial of Cephes (Moshier, 1989). NaN stays NaN. */
INLINE V hyperbolic_tangent(V x) {
  const V size = larger(x, -x), z = x * x, far = 1.0f - 2.0f / (exponential(size + size) + 1.0f);
  V near = z * -5.70498872745e-3f + 2.06390887954e-2f;
  near = near * z - 5.37397155531e-2f;
  near = near * z + 1.33314422036e-1f;
  near = near * z - 3.33332819422e-1f;
  return choose(size < 0.625f, near * z * x + x, choose(x < 0.0f, -far, far));
}

/* Roots of positive numbers, one by one: the compiler makes vectors of it. */
INLINE V root(V x) {
#if defined(__AVX512F__)
  return (V)_mm512_sqrt_ps((__m512)x);
#else
  for (int i = 0; i < VL; i++) x[i] = sqrtf(x[i]);
  return x;
#endif
}

/* VL x VL numbers, rows become columns, in log2(VL) rounds of exchanges. */
INLINE void transpose_block(const float *from, long from_stride, float *to, long to_stride) {
  V r[VL];
  VI lane;
  for (int i = 0; i < VL; i++) lane[i] = i;
#pragma GCC unroll 16
  for (int i = 0; i < VL; i++) r[i] = load(from + i * from_stride);
#pragma GCC unroll 4
  for (int step = 1; step < VL; step *= 2) {
    VI high = (lane & step) != 0;
    VI first = (VI)choose(high, (V)(lane - step + VL), (V)lane);
    VI second = (VI)choose(high, (V)(lane + VL), (V)(lane + step));
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++) {
      if (i & step) continue;
      V a = r[i], b = r[i + step];
      r[i] = __builtin_shuffle(a, b, first);
      r[i + step] = __builtin_shuffle(a, b, second);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < VL; i++) store(to + i * to_stride, r[i]);
}

/* Runs BODY with `i` and `n` over a row: n is VL, or what is left at the end. */
#define OVER(total, ...)                                                          \
  {                                                                               \
    long i = 0;                                                                   \
    for (; i + VL <= (total); i += VL) { const int n = VL; (void)n; __VA_ARGS__ } \
    if (i < (total)) { const int n = (int)((total) - i); __VA_ARGS__ }            \
  }
INLINE V get(const float *p, int n) { return n == VL ? load(p) : load_part(p, n); }
INLINE void put(float *p, V v, int n) {
  if (n == VL) store(p, v);
  else store_part(p, v, n);
}
