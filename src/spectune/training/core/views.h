/* Channels computed on the way: one raw spectrum becomes one row of what a network receives.
 *
 * views.py makes the program of steps; spectra/steps.py is its plain twin. Everything between the raw
 * numbers and the last ones is double, as there: derivatives cancel, and a second derivative of
 * absorbance taken in floats is wrong in its fourth digit. */
#pragma once
#include "vectors.h"
#include <stdlib.h>

#define DL (VL / 2)
#define SLACK 8 /* doubles behind a buffer that whole vectors may read and write */

typedef double D __attribute__((vector_size(VL * 4)));
typedef int64_t DI __attribute__((vector_size(VL * 4)));
typedef uint64_t DU __attribute__((vector_size(VL * 4)));
typedef double DAnywhere __attribute__((vector_size(VL * 4), aligned(8), may_alias));

INLINE D load_d(const double *p) { return *(const DAnywhere *)p; }
INLINE void store_d(double *p, D v) { *(DAnywhere *)p = v; }
INLINE D all_d(double x) { return x - (D){0}; }

enum Doing { ABSORBANCE, REFLECTANCE, SNV, MAXIMUM, DETREND, SAVGOL, BIN, DECIMATE, WRITE };

/* One step, from a buffer into another; SAVGOL, BIN and DECIMATE into another one, the rest also in place. */
typedef struct {
  int64_t kind, from, to; /* numbers of buffers; `to` of WRITE: place in the row, blocks end to end */
  int64_t points;         /* before the step */
  int64_t size;           /* window, width of a bin or of a stride, or vectors of a basis */
  int64_t place;          /* of its numbers in the pool */
} View;

/* A program: `numbers` for the network from `points` of a spectrum. With `channels` above 1 the blocks
 * are woven: channel last. `fault` is out: row, point and value that absorbance could not take. */
typedef struct {
  int64_t points, steps, buffers, channels, numbers;
  const View *step;
  const double *pool;
  double *fault;
} Views;

/* A buffer takes an odd number of cache lines, so that buffers do not fall into the same cache set. */
INLINE long view_room(const Views *views) { return ((views->points + 7) / 8 + SLACK / 8) * 8 | 8; }

/* Doubles of scratch for prepare_row, best on a cache line. */
INLINE long views_scratch(const Views *views) {
  return views->buffers * view_room(views) + (views->channels > 1 ? (views->numbers + 1) / 2 : 0);
}

/* ---- sums, four vectors at a time ---- */

enum Term { VALUE, SQUARE, PRODUCT };

/* Sum over the row of z = x - first - second, of z * z, or of z * y. */
INLINE double sum_of(enum Term term, const double *x, const double *y, double first, double second, long n) {
#define TERM(z, y) (term == VALUE ? (z) : (z) * (term == SQUARE ? (z) : (y)))
  D sums[4] = {{0}};
  long i = 0;
  for (; i + 4 * DL <= n; i += 4 * DL)
    for (int k = 0; k < 4; k++) {
      const D z = load_d(x + i + k * DL) - first - second;
      sums[k] += TERM(z, load_d(y + i + k * DL));
    }
  for (; i + DL <= n; i += DL) {
    const D z = load_d(x + i) - first - second;
    sums[0] += TERM(z, load_d(y + i));
  }
  const D whole = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = 0;
  for (int k = 0; k < DL; k++) sum += whole[k];
  for (; i < n; i++) {
    const double z = x[i] - first - second;
    sum += TERM(z, y[i]);
  }
  return sum;
#undef TERM
}

/* ---- absorbance ---- */

/* -log10(x) to two units in the last place, x > 0 and not subnormal (no float is, as a double); polynomial
 * of fdlibm's log (Sun, 1993). */
INLINE D absorbance_of(D x) {
  const uint64_t root_half = 0x3fe6a09e667f3bcd; /* the mantissa lies between sqrt(1/2) and sqrt(2) */
  const DU bits = (DU)x + (0x3ff0000000000000 - root_half);
  const D f = (D)((bits & 0x000fffffffffffff) + root_half) - 1.0;
  const D power = (D)((bits >> 52) | 0x4330000000000000) - (0x1p52 + 1023); /* an integer as a double's mantissa */
  const D s = f / (f + 2.0), z = s * s, half = f * f * 0.5;
  D y = z * 1.479819860511658591e-01 + 1.531383769920937332e-01;
  y = y * z + 1.818357216161805012e-01;
  y = y * z + 2.222219843214978396e-01;
  y = y * z + 2.857142874366239149e-01;
  y = y * z + 3.999999999940941908e-01;
  y = y * z + 6.666666666666735130e-01;
  const D logarithm = f - (half - s * (half + y * z));
  const D made = -(power * 0.30102999566398119521 + logarithm * 0.43429448190325182765);
  const DI finite = x < (D)((DI){0} + 0x7ff0000000000000);
  return (D)(((DI)made & finite) | ((DI)-x & ~finite)); /* infinity, or what is no number */
}

/* Place of the first value that has no logarithm, -1 for none. */
static long first_not_above_zero(const double *x, long n) {
  DI found = {0};
  long i = 0, any = 0;
  for (; i + DL <= n; i += DL) found |= load_d(x + i) <= 0.0;
  for (int k = 0; k < DL; k++) any |= found[k];
  for (i = any ? 0 : i; i < n; i++)
    if (x[i] <= 0) return i;
  return -1;
}

static void absorbance(const double *x, double *y, long n) {
  for (long i = 0; i < n; i += DL) store_d(y + i, absorbance_of(load_d(x + i)));
}

/* ---- reflectance ---- */

/* 10^-x to about an ulp: 2^power * e^f, |f| at most half a log 2, with the first fourteen terms of e^f. The
 * power is applied by halves, so that numbers below the normal ones and infinity come out by themselves. */
INLINE D reflectance_of(D x) {
  const DI high = x > 330.0, low = x < -330.0;
  const DI clipped = (high & (DI)all_d(330.0)) | (low & (DI)all_d(-330.0)) | ((DI)x & ~(high | low));
  const D exponent = -(D)clipped, shift = all_d(0x1.8p52); /* 1.5 * 2^52 leaves whole numbers behind */
  const D whole = exponent * 3.32192809488736234787 + shift, power = whole - shift;
  /* log10(2) in two parts, the first short enough for products without rounding */
  const D rest = (exponent - power * 0x1.34413509p-2) - power * 0x1.ef3fde623e256p-35;
  const D f = rest * 2.30258509299404568402;
  D made = all_d(1.0);
  for (int n = 13; n; n--) made = made * (f * (1.0 / n)) + 1.0;
  const DI steps = (DI)whole - (DI)shift, half = steps >> 1;
  const D one = (D)((DU)(half + 1023) << 52), other = (D)((DU)(steps - half + 1023) << 52);
  return made * one * other;
}

static void reflectance(const double *x, double *y, long n) {
  for (long i = 0; i < n; i += DL) store_d(y + i, reflectance_of(load_d(x + i)));
}

/* ---- the other steps ---- */

/* A row without any deviation is only centred. */
static void snv(const double *x, double *y, long n) {
  const double mean = sum_of(VALUE, x, 0, 0, 0, n) / n, rest = sum_of(VALUE, x, 0, mean, 0, n) / n;
  const double spread = sqrt(sum_of(SQUARE, x, 0, mean, rest, n) / n), factor = spread > 0 ? 1 / spread : 1;
  for (long i = 0; i < n; i += DL) store_d(y + i, (load_d(x + i) - mean) * factor);
}

/* A row without a value above zero stays as it is, as does one with what is no number. */
static void by_maximum(const double *x, double *y, long n) {
  double most = x[0];
  for (long i = 1; i < n; i++) most = x[i] > most || x[i] != x[i] ? x[i] : most;
  const double divisor = most > 0 ? most : 1;
  for (long i = 0; i < n; i += DL) store_d(y + i, load_d(x + i) / divisor);
}

/* Less its part along orthonormal vectors, (size, points) one behind the other. */
static void detrend(const View *view, const double *basis, const double *x, double *y) {
  const long n = view->points;
  if (!view->size) memmove(y, x, sizeof(double) * n);
  for (long b = 0; b < view->size; b++, basis += n) {
    const double part = sum_of(PRODUCT, x, basis, 0, 0, n);
    for (long i = 0; i < n; i += DL) store_d(y + i, load_d(x + i) - part * load_d(basis + i));
    x = y; /* what is left is at right angles to this vector: the next part is the same */
  }
}

/* An end of a Savitzky-Golay filter: the window's columns, each `room` numbers, as values of x say. */
static void savgol_end(const double *columns, long window, long room, const double *x, double *y) {
  for (long i = 0; i < room; i += DL) {
    D even = {0}, odd = {0};
    for (long k = 0; k + 1 < window; k += 2) {
      even += x[k] * load_d(columns + k * room + i);
      odd += x[k + 1] * load_d(columns + (k + 1) * room + i);
    }
    store_d(y + i, even + odd + x[window - 1] * load_d(columns + (window - 1) * room + i));
  }
}

/* In the pool: one coefficient per point of the window, then the columns of both ends. The right end
 * comes last: before it, whole vectors may write past their part. */
static void savgol(const View *view, const double *taps, const double *x, double *y) {
  const long window = view->size, half = window / 2, inner = view->points - 2 * half;
  const long room = (half + SLACK - 1) / SLACK * SLACK;
  const double *ends = taps + window;
  savgol_end(ends, window, room, x, y);
  long i = 0;
  for (; i + 4 * DL <= inner; i += 4 * DL) {
    D made[4] = {{0}};
    for (long k = 0; k < window; k++)
      for (int j = 0; j < 4; j++) made[j] += taps[k] * load_d(x + i + k + j * DL);
    for (int j = 0; j < 4; j++) store_d(y + half + i + j * DL, made[j]);
  }
  for (; i < inner; i += DL) {
    D made = {0};
    for (long k = 0; k < window; k++) made += taps[k] * load_d(x + i + k);
    store_d(y + half + i, made);
  }
  savgol_end(ends + window * room, window, room, x + view->points - window, y + view->points - half);
}

static void bin(const View *view, const double *x, double *y) {
  for (long start = 0; start < view->points; start += view->size) {
    const long here = view->points - start < view->size ? view->points - start : view->size;
    double sum = 0;
    for (long i = start; i < start + here; i++) sum += x[i];
    *y++ = sum / here;
  }
}

static void decimate(const View *view, const double *x, double *y) {
  for (long i = 0; i < view->points; i += view->size) *y++ = x[i];
}

/* ---- a row ---- */

/* Channels end to end become channel last. */
INLINE void weave_by(const float *blocks, long points, long channels, float *out) {
  for (long t = 0; t < points; t++)
    for (long c = 0; c < channels; c++) out[t * channels + c] = blocks[c * points + t];
}

static void weave(const float *blocks, long points, long channels, float *restrict out) {
  switch (channels) {
    case 2: weave_by(blocks, points, 2, out); break;
    case 3: weave_by(blocks, points, 3, out); break;
    case 4: weave_by(blocks, points, 4, out); break;
    case 6: weave_by(blocks, points, 6, out); break;
    case 8: weave_by(blocks, points, 8, out); break;
    default: weave_by(blocks, points, channels, out);
  }
}

/* One raw spectrum into one row for the network. Returns 0, or 1 + the point whose value absorbance
 * could not take; the value itself is then the first number of the scratch. */
static int prepare_row(const Views *views, const float *raw, float *out, double *scratch) {
  const long room = view_room(views);
  float *blocks = views->channels > 1 ? (float *)(scratch + views->buffers * room) : out;
  for (long i = 0; i < views->points; i++) scratch[i] = raw[i];
  for (long s = 0; s < views->steps; s++) {
    const View *view = &views->step[s];
    const double *x = scratch + view->from * room, *pool = views->pool + view->place;
    double *y = scratch + view->to * room;
    switch (view->kind) {
      case ABSORBANCE: {
        const long wrong = first_not_above_zero(x, view->points);
        if (wrong >= 0) {
          scratch[0] = x[wrong];
          return (int)wrong + 1;
        }
        absorbance(x, y, view->points);
        break;
      }
      case REFLECTANCE: reflectance(x, y, view->points); break;
      case SNV: snv(x, y, view->points); break;
      case MAXIMUM: by_maximum(x, y, view->points); break;
      case DETREND: detrend(view, pool, x, y); break;
      case SAVGOL: savgol(view, pool, x, y); break;
      case BIN: bin(view, x, y); break;
      case DECIMATE: decimate(view, x, y); break;
      case WRITE:
        for (long i = 0; i < view->points; i++) blocks[view->to + i] = (float)x[i];
    }
  }
  if (views->channels > 1) weave(blocks, views->numbers / views->channels, views->channels, out);
  return 0;
}

/* Many rows, one behind the other. Returns 0; 1 when a value was not above zero for absorbance, see
 * `fault` (nothing behind that row is done); 2 when there is no memory. */
int spectune_prepare(const Views *views, const float *rows, int64_t count, float *out) {
  void *scratch = 0;
  if (posix_memalign(&scratch, 64, sizeof(double) * views_scratch(views))) return 2;
  int failed = 0;
  for (int64_t r = 0; r < count && !failed; r++) {
    const int point = prepare_row(views, rows + r * views->points, out + r * views->numbers, scratch);
    if (!point) continue;
    failed = 1;
    views->fault[0] = (double)r, views->fault[1] = point - 1, views->fault[2] = *(double *)scratch;
  }
  free(scratch);
  return failed;
}
