/* Sums per channel over a whole batch, and batch normalisation.
 *
 * A row is walked in steps of `slots` numbers, a multiple of both the channels and a vector, so one
 * array of slots sums every channel without gathering. Threads share slots, not rows: the order of
 * a sum does not depend on how many threads there are. Partial sums of some hundred numbers go to doubles. */
#pragma once
#include "rowwise.h"

#define TERMS 256 /* of a partial sum */

INLINE long slots_of(long channels) { return channels % VL ? channels * VL : channels; }

/* Sums over the rows of a batch, per slot: of `a`, and with `b` also of its products. `what` says of
 * which: VALUES: x - pivot and its square; SLOPES: dy and dy * (x - pivot); PLAIN: a alone. */
enum Summed { PLAIN, VALUES, SLOPES };

INLINE void add_up(double *whole, V sum) {
  for (int j = 0; j < VL; j++) whole[j] += sum[j];
}

INLINE void slot_sums(const Worker *me, const enum Summed what, int64_t buffer, float *const *a, float *const *x,
                      int64_t beside, const float *pivot, long rows, double *sums, double *products) {
  const Team *team = me->team;
  const Buffer *shape = &team->plan->buffer[buffer];
  const long total = width(shape), period = slots_of(shape->channels);
  const long slots = period < total ? period : (total + VL - 1) / VL * VL;
  const long low = share(me, slots, VL, 0), high = share(me, slots, VL, 1);
  const long terms = (total + slots - 1) / slots, many = terms < TERMS ? TERMS / terms : 1;
  const long parts = (terms + TERMS - 1) / TERMS; /* of a row */
  for (long s = low; s < high; s += VL) {
    double whole[VL] = {0}, wholes[VL] = {0};
    const V centre = what == PLAIN ? all(0) : load(pivot + s);
    for (long part = 0; part < parts * ((rows + many - 1) / many); part++) {
      const long first = part / parts * many, begin = part % parts * TERMS * slots;
      const long end = first + many < rows ? first + many : rows;
      const long stop = begin + TERMS * slots < total ? begin + TERMS * slots : total;
      V sum = all(0), other = all(0);
      for (long r = first; r < end; r++) {
        const float *from = row(a, team->plan, buffer, r);
        const float *value = what == SLOPES ? row(x, team->plan, beside, r) : 0;
        long i = begin + s;
        for (; i + VL <= stop; i += slots) {
          V one = load(from + i);
          if (what == VALUES) one -= centre;
          if (what != PLAIN) other += one * (what == VALUES ? one : load(value + i) - centre);
          sum += one;
        }
        if (i >= stop) continue;
        const int n = (int)(total - i);
        V one = load_part(from + i, n);
        if (what == VALUES) one -= load_part(pivot + s, n);
        if (what != PLAIN) other += one * (what == VALUES ? one : load_part(value + i, n) - centre);
        sum += one;
      }
      add_up(whole, sum);
      if (what != PLAIN) add_up(wholes, other);
    }
    memcpy(sums + s, whole, sizeof whole);
    if (what != PLAIN) memcpy(products + s, wholes, sizeof wholes);
  }
}

/* Room for two kinds of sums by slot, and two by channel. */
typedef struct {
  double *sums, *products, *folded, *others;
} Room;

INLINE Room room_of(const Team *team, int64_t buffer) {
  const long channels = team->plan->buffer[buffer].channels, length = slots_of(channels) + VL;
  double *start = team->sums;
  return (Room){start, start + length, start + 2 * length, start + 2 * length + channels};
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

/* Gradient of a bias; normalisation takes off any bias again, so before it there is none. */
static void bias_sums(const Worker *me, const Op *op, const Member *member, long rows) {
  if (op->detail) {
    meet(me->team);
    return;
  }
  const Room room = room_of(me->team, op->out);
  const long channels = me->team->plan->buffer[op->out].channels;
  slot_sums(me, PLAIN, op->out, me->team->slope, 0, 0, 0, rows, room.sums, 0);
  meet(me->team);
  if (me->number == 0) {
    double *folded = room.folded;
    fold(me->team, op->out, room.sums, folded);
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

/* Mean and variance over the batch, the variance around the mean; running moments take their part. */
static void norm_statistics(const Worker *me, const Op *op, const Member *member, long rows) {
  Team *team = me->team;
  const Buffer *shape = &team->plan->buffer[op->in];
  const Norm norm = norm_of(team, op);
  const Room room = room_of(team, op->in);
  const double cells = (double)rows * shape->points;
  slot_sums(me, PLAIN, op->in, team->value, 0, 0, 0, rows, room.sums, 0);
  meet(team);
  if (me->number == 0) {
    fold(team, op->in, room.sums, room.folded);
    for (long c = 0; c < norm.channels; c++) spread(norm.mean, shape, c, (float)(room.folded[c] / cells));
  }
  meet(team);
  slot_sums(me, VALUES, op->in, team->value, 0, 0, norm.mean, rows, room.sums, room.products);
  meet(team);
  if (me->number == 0) {
    fold(team, op->in, room.products, room.others);
    for (long c = 0; c < norm.channels; c++) {
      const double mean = room.folded[c] / cells, variance = room.others[c] / cells;
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
  const Room room = room_of(team, op->out);
  const double cells = (double)rows * shape->points;
  slot_sums(me, SLOPES, op->out, team->slope, team->value, op->in, norm.mean, rows, room.sums, room.products);
  meet(team);
  if (me->number == 0) {
    fold(team, op->out, room.sums, room.folded);
    fold(team, op->out, room.products, room.others);
    for (long c = 0; c < norm.channels; c++) {
      const double rest = norm.rest[c], product_sum = room.others[c] * rest;
      member->gradients[op->weight + c] = (float)product_sum;
      member->gradients[op->bias + c] = (float)room.folded[c];
      /* dx = scale * (dy - a - (x - mean) * b), with the slots of shift and rest holding a and b */
      spread(norm.rest, shape, c, (float)(product_sum / cells * rest));
      spread(norm.shift, shape, c, (float)(room.folded[c] / cells));
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
           const V off = get(x + at, n) - load(norm.mean + i);
           const V pulled = get(dy + at, n) - load(norm.shift + i) - off * load(norm.rest + i);
           give(dx + at, pulled * load(norm.scale + i), n, op->add);)
    }
  }
}
