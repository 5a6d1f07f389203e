/* Sums per channel over a whole batch, and batch normalisation.
 *
 * A row is walked in steps of `slots` numbers, a multiple of both the channels and a vector, so one
 * array of slots sums every channel without gathering. Threads share slots, not rows: the order of
 * a sum does not depend on how many threads there are. Partial sums of 32 rows go to doubles. */
#pragma once
#include "rowwise.h"

#define ROWS_AT_ONCE 32

INLINE long slots_of(long channels) { return channels % VL ? channels * VL : channels; }

/* What is summed: a, a * (b - centre) * factor, or (a - centre)^2; centre and factor per slot. */
enum Summed { PLAIN, TIMES, SQUARES };

static void slot_sums(const Worker *me, enum Summed what, int64_t buffer, float *const *a, float *const *b,
                      int64_t other, const float *centre, long rows, double *sums) {
  const Team *team = me->team;
  const Buffer *shape = &team->plan->buffer[buffer];
  const long total = width(shape), period = slots_of(shape->channels);
  const long slots = period < total ? period : (total + VL - 1) / VL * VL;
  const long low = share(me, slots, VL, 0), high = share(me, slots, VL, 1);
  for (long s = low; s < high; s += VL) {
    double whole[VL] = {0};
    for (long first = 0; first < rows; first += ROWS_AT_ONCE) {
      const long end = first + ROWS_AT_ONCE < rows ? first + ROWS_AT_ONCE : rows;
      V sum = all(0);
      for (long r = first; r < end; r++) {
        const float *x = row(a, team->plan, buffer, r);
        const float *y = b ? row(b, team->plan, other, r) : 0;
        for (long i = s; i < total; i += slots) {
          const int n = i + VL <= total ? VL : (int)(total - i);
          V one = get(x + i, n);
          if (what == SQUARES) {
            V off = one - load(centre + s);
            if (n < VL)
              for (int j = n; j < VL; j++) off[j] = 0;
            one = off * off;
          } else if (what == TIMES)
            one *= get(y + i, n) - load(centre + s);
          sum += one;
        }
      }
      for (int j = 0; j < VL; j++) whole[j] += sum[j];
    }
    for (int j = 0; j < VL; j++) sums[s + j] = whole[j];
  }
}

/* Slots of one channel added up, (channels). */
static void fold(const Team *team, int64_t buffer, const double *sums, double *folded) {
  const Buffer *shape = &team->plan->buffer[buffer];
  const long total = width(shape), period = slots_of(shape->channels);
  const long slots = period < total ? period : total;
  for (long c = 0; c < shape->channels; c++) {
    folded[c] = 0;
    for (long s = c; s < slots; s += shape->channels) folded[c] += sums[s];
  }
}

INLINE void spread(float *slots, const Buffer *shape, long c, float x) {
  const long period = slots_of(shape->channels), total = width(shape);
  for (long s = c; s < (period < total ? period : total); s += shape->channels) slots[s] = x;
}

/* Gradient of a bias. */
static void bias_sums(const Worker *me, const Op *op, const Member *member, long rows) {
  double *sums = me->team->sums;
  const long channels = me->team->plan->buffer[op->out].channels;
  slot_sums(me, PLAIN, op->out, me->team->slope, 0, 0, 0, rows, sums);
  meet(me->team);
  if (me->number == 0) {
    double *folded = sums + slots_of(channels) + VL;
    fold(me->team, op->out, sums, folded);
    for (long c = 0; c < channels; c++) member->gradients[op->bias + c] = (float)folded[c];
  }
  meet(me->team);
}

/* Four rows of slots per layer: mean, 1 / deviation, and two for the pass at hand. */
typedef struct {
  float *mean, *rest, *scale, *shift;
  long channels;
} Norm;

INLINE Norm norm_of(const Team *team, const Op *op) {
  const long channels = team->plan->buffer[op->in].channels, length = slots_of(channels) + VL;
  float *start = team->derived + op->forward;
  return (Norm){start, start + length, start + 2 * length, start + 3 * length, channels};
}

/* Slots for y = x * scale + shift. */
static void norm_slots(const Team *team, const Op *op, const float *weights, long c, double mean, double variance) {
  const Norm norm = norm_of(team, op);
  const Buffer *shape = &team->plan->buffer[op->in];
  const double rest = 1.0 / sqrt(variance + op->eps);
  const float scale = (float)(weights[op->weight + c] * rest);
  spread(norm.mean, shape, c, (float)mean);
  spread(norm.rest, shape, c, (float)rest);
  spread(norm.scale, shape, c, scale);
  spread(norm.shift, shape, c, (float)(weights[op->bias + c] - mean * scale));
}

/* Mean and variance over the batch; running moments take their part of them. */
static void norm_statistics(const Worker *me, const Op *op, const Member *member, long rows) {
  Team *team = me->team;
  const Buffer *shape = &team->plan->buffer[op->in];
  const Norm norm = norm_of(team, op);
  const double cells = (double)rows * shape->points;
  double *folded = team->sums + slots_of(norm.channels) + VL;
  slot_sums(me, PLAIN, op->in, team->value, 0, 0, 0, rows, team->sums);
  meet(team);
  if (me->number == 0) {
    fold(team, op->in, team->sums, folded);
    for (long c = 0; c < norm.channels; c++) spread(norm.mean, shape, c, (float)(folded[c] / cells));
  }
  meet(team);
  slot_sums(me, SQUARES, op->in, team->value, 0, 0, norm.mean, rows, team->sums);
  meet(team);
  if (me->number == 0) {
    fold(team, op->in, team->sums, folded);
    for (long c = 0; c < norm.channels; c++) {
      const double mean = norm.mean[c], variance = folded[c] / cells;
      float *running = member->moments + op->moments + c;
      running[0] = (float)(op->momentum * running[0] + (1 - op->momentum) * mean);
      running[norm.channels] = (float)(op->momentum * running[norm.channels] + (1 - op->momentum) * variance);
      norm_slots(team, op, member->weights, c, mean, variance);
    }
  }
  meet(team);
}

/* Running moments instead of the batch's, for rows that are only predicted. */
static void norm_running(const Worker *me, const Op *op, const Member *member) {
  const long channels = me->team->plan->buffer[op->in].channels;
  if (me->number == 0)
    for (long c = 0; c < channels; c++) {
      const float *running = member->moments + op->moments + c;
      norm_slots(me->team, op, member->weights, c, running[0], running[channels]);
    }
}

static void norm_forward(const Team *team, const Op *op, long from, long to) {
  const Norm norm = norm_of(team, op);
  const long total = width(&team->plan->buffer[op->in]), period = slots_of(norm.channels);
  for (long r = from; r < to; r++) {
    const float *x = row(team->value, team->plan, op->in, r);
    float *y = row(team->value, team->plan, op->out, r);
    for (long start = 0; start < total; start += period) {
      const long here = total - start < period ? total - start : period;
      OVER(here, put(y + start + i, get(x + start + i, n) * load(norm.scale + i) + load(norm.shift + i), n);)
    }
  }
}

/* dx = scale * (dy - mean(dy) - z * mean(dy z)), z the normalised signal; sums first, rows after. */
static void norm_sums(const Worker *me, const Op *op, const Member *member, long rows) {
  Team *team = me->team;
  const Buffer *shape = &team->plan->buffer[op->in];
  const Norm norm = norm_of(team, op);
  const double cells = (double)rows * shape->points;
  double *first = team->sums + slots_of(norm.channels) + VL, *second = first + norm.channels;
  slot_sums(me, PLAIN, op->out, team->slope, 0, 0, 0, rows, team->sums);
  meet(team);
  if (me->number == 0) fold(team, op->out, team->sums, first);
  meet(team);
  slot_sums(me, TIMES, op->out, team->slope, team->value, op->in, norm.mean, rows, team->sums);
  meet(team);
  if (me->number == 0) {
    fold(team, op->out, team->sums, second);
    for (long c = 0; c < norm.channels; c++) {
      const double rest = norm.rest[c], product_sum = second[c] * rest;
      member->gradients[op->weight + c] = (float)product_sum;
      member->gradients[op->bias + c] = (float)first[c];
      /* dx = scale * dy + a * (x - mean) + b, with the slots of rest and shift holding a and b */
      spread(norm.rest, shape, c, (float)(-norm.scale[c] * product_sum / cells * rest));
      spread(norm.shift, shape, c, (float)(-norm.scale[c] * first[c] / cells));
    }
  }
  meet(team);
}

static void norm_backward(const Team *team, const Op *op, long from, long to) {
  const Norm norm = norm_of(team, op);
  const long total = width(&team->plan->buffer[op->in]), period = slots_of(norm.channels);
  for (long r = from; r < to; r++) {
    const float *x = row(team->value, team->plan, op->in, r), *dy = row(team->slope, team->plan, op->out, r);
    float *dx = row(team->slope, team->plan, op->in, r);
    for (long start = 0; start < total; start += period) {
      const long here = total - start < period ? total - start : period;
      OVER(here, const long at = start + i;
           V pulled = get(dy + at, n) * load(norm.scale + i) + load(norm.shift + i);
           give(dx + at, pulled + (get(x + at, n) - load(norm.mean + i)) * load(norm.rest + i), n, op->add);)
    }
  }
}
