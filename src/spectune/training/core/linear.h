/* Convolutions and dense layers: products over views of the signal. */
#pragma once
#include "network.h"

/* A convolution computes `block` neighbouring outputs as one row of a product with a banded matrix,
 * because one filter alone would fill one lane of a vector; it has at most one panel of columns. With many
 * filters the block is 1 and the matrix is the kernel itself. The last block of a row may be short. */
typedef struct {
  long filters, kernel, band, rows, rest, shift; /* kernel, band: numbers of a window of one output, of a block */
} Window;

INLINE Window window_of(const Op *op, const Buffer *in, const Buffer *out) {
  Window w;
  w.filters = out->channels;
  w.kernel = op->size * in->channels;
  w.band = ((op->block - 1) * op->step + op->size) * in->channels;
  w.rows = out->points / op->block;
  w.rest = out->points % op->block;
  w.shift = op->step * in->channels;
  return w;
}

#define USUAL 128 /* rows of a batch, where their true number must not decide how sums are cut */

INLINE long panels_of(long columns) { return (columns + PANEL - 1) / PANEL; }

/* Panels of `rows` x `columns` in `from` to panels of the transposed matrix. */
static void transpose_panels(const float *from, long rows, long columns, float *to, long first, long last) {
  for (long p = first; p < last; p++) /* panels of the result: rows of from */
    for (long c = 0; c < columns; c += VL)
      for (long r = p * PANEL; r < (p + 1) * PANEL; r += VL) {
        const float *source = from + (c / PANEL) * rows * PANEL + r * PANEL + c % PANEL;
        float *target = to + p * columns * PANEL + c * PANEL + r % PANEL;
        if (r + VL <= rows && c + VL <= columns) {
          transpose_block(source, PANEL, target, PANEL);
          continue;
        }
        for (long j = 0; j < VL && c + j < columns; j++)
          for (long i = 0; i < VL; i++) target[j * PANEL + i] = r + i < rows ? source[i * PANEL + j] : 0;
      }
}

/* Matrices made of a convolution's kernel once per step: the banded one, and the transposed one. */
static void derive(const Worker *me, const Op *op, const float *weights) {
  const Plan *plan = me->team->plan;
  if (op->kind != CONV) return;
  const Window w = window_of(op, &plan->buffer[op->in], &plan->buffer[op->out]);
  const float *kernel = weights + op->weight;
  const long columns = op->block * w.filters;
  const float *whole = kernel;
  if (op->forward >= 0) {
    float *banded = me->team->derived + op->forward;
    if (me->number == 0)
      for (long c = 0; c < columns; c++)
        for (long i = 0; i < w.kernel; i++)
          banded[(i + c / w.filters * w.shift) * PANEL + c] = kernel[i * PANEL + c % w.filters];
    if (me->number == 0) /* behind it, the biases of a whole block */
      for (long c = 0; c < columns; c++) banded[w.band * PANEL + c] = weights[op->bias + c % w.filters];
    whole = banded;
  }
  if (op->backward >= 0) {
    if (op->forward >= 0) meet(me->team);
    const long panels = panels_of(w.band);
    transpose_panels(whole, w.band, columns, me->team->derived + op->backward, share(me, panels, 1, 0),
                     share(me, panels, 1, 1));
  }
}

static void conv_forward(const Worker *me, const Op *op, const float *weights, long from, long to) {
  const Team *team = me->team;
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const Window w = window_of(op, in, out);
  const float *matrix = op->forward >= 0 ? team->derived + op->forward : weights + op->weight;
  const float *bias = op->forward >= 0 ? matrix + w.band * PANEL : weights + op->bias;
  Product p = {.m = w.rows, .n = op->block * w.filters, .kin = w.band, .kout = 1,
               .a = row(team->value, team->plan, op->in, from) - op->pad * in->channels, .ai = op->block * w.shift,
               .ak = 1, .b = matrix, .bp = w.band * PANEL, .bk = PANEL, .c = row(team->value, team->plan, op->out, from),
               .cp = PANEL, .ci = op->block * w.filters, .bias = bias, .times = to - from, .as = in->stride,
               .cs = out->stride, .all_m = w.rows * USUAL};
  if (from >= to) return;
  multiply(p, team->plan->half);
  if (!w.rest) return;
  p.a += w.rows * p.ai;
  p.c += w.rows * p.ci;
  p.m = 1;
  p.all_m = USUAL;
  p.n = w.rest * w.filters;
  p.kin = w.band - (op->block - w.rest) * w.shift;
  multiply(p, team->plan->half);
}

/* Gradient of the input: every output's gradient is laid over the window it came from. */
static void conv_backward(const Worker *me, const Op *op, long from, long to) {
  const Team *team = me->team;
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const Window w = window_of(op, in, out);
  const long columns = op->block * w.filters;
  if (from >= to) return;
  if (!op->add) memset(team->slope[op->in] + from * in->stride, 0, sizeof(float) * in->stride * (to - from));
  Product p = {.m = w.rows, .n = w.band, .kin = columns, .kout = 1, .a = row(team->slope, team->plan, op->out, from),
               .ai = columns, .ak = 1, .b = team->derived + op->backward, .bp = columns * PANEL, .bk = PANEL,
               .c = row(team->slope, team->plan, op->in, from) - op->pad * in->channels, .cp = PANEL,
               .ci = op->block * w.shift, .add = 1, .times = to - from, .as = out->stride, .cs = in->stride,
               .all_m = w.rows * USUAL};
  multiply(p, team->plan->half);
  if (!w.rest) return;
  p.a += w.rows * p.ai;
  p.c += w.rows * p.ci;
  p.m = 1;
  p.all_m = USUAL;
  p.n = w.band - (op->block - w.rest) * w.shift;
  p.kin = w.rest * w.filters;
  multiply(p, team->plan->half);
}

/* Gradient of the kernel, over all rows of the batch; each thread has its own rows of the matrix. */
static void conv_weights(const Worker *me, const Op *op, const Member *member, long rows) {
  const Team *team = me->team;
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const Window w = window_of(op, in, out);
  const long columns = op->block * w.filters, bytes = (in->stride + out->stride) * 4;
  const int banded = op->forward >= 0;
  float *result = banded ? team->derived + op->forward : member->gradients + op->weight; /* the matrix has served */
  const long low = share(me, w.band, TALL, 0), high = share(me, w.band, TALL, 1);
  const long chunk = bytes > 256 * 1024 ? 1 : 256 * 1024 / bytes;
  for (long r = 0; r < rows; r += chunk) {
    Product p = {.m = high - low, .n = columns, .kin = w.rows, .kout = r + chunk < rows ? chunk : rows - r,
                 .a = row(team->value, team->plan, op->in, r) - op->pad * in->channels + low, .ai = 1,
                 .ak = op->block * w.shift, .ao = in->stride, .b = row(team->slope, team->plan, op->out, r),
                 .bp = PANEL, .bk = columns, .bo = out->stride, .c = result + low * PANEL, .cp = w.band * PANEL,
                 .ci = PANEL, .add = r > 0, .all_m = w.band};
    multiply(p, team->plan->half);
    if (w.rest) {
      const long inside = w.band - (op->block - w.rest) * w.shift;
      p.m = (high < inside ? high : inside) - low;
      p.a += w.rows * p.ak;
      p.b += w.rows * p.bk;
      p.kin = 1;
      p.n = w.rest * w.filters;
      p.add = 1;
      multiply(p, team->plan->half);
    }
  }
  if (!banded) return;
  meet(me->team);
  if (me->number == 0)
    for (long i = 0; i < w.kernel; i++)
      for (long f = 0; f < w.filters; f++) {
        float sum = 0;
        for (long t = 0; t < op->block; t++) sum += result[(i + t * w.shift) * PANEL + t * w.filters + f];
        member->gradients[op->weight + i * PANEL + f] = sum;
      }
  meet(me->team);
  /* the band must be zero outside the kernel again before the next step writes the kernel into it */
  if (me->number == 0) memset(result, 0, sizeof(float) * w.band * PANEL);
}

static void dense_forward(const Worker *me, const Op *op, const float *weights, long from, long to) {
  const Team *team = me->team;
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  Product p = {.m = to - from, .n = out->channels, .kin = width(in), .kout = 1,
               .a = row(team->value, team->plan, op->in, from), .ai = in->stride, .ak = 1, .b = weights + op->weight,
               .bp = width(in) * PANEL, .bk = PANEL, .c = row(team->value, team->plan, op->out, from), .cp = PANEL,
               .ci = out->stride, .bias = weights + op->bias, .all_m = USUAL};
  multiply(p, team->plan->half);
}

#define AT_ONCE 4 /* panels */

/* Gradient of the input by panels of features, whose weights are turned just before they are used. */
static void dense_backward(const Worker *me, const Op *op, const float *weights, long rows) {
  const Team *team = me->team;
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const long panels = panels_of(width(in)), last = share(me, panels, 1, 1), size = out->channels * PANEL;
  float *turned = team->derived + op->backward + me->number * AT_ONCE * size;
  for (long number = share(me, panels, 1, 0), many; number < last; number += many) {
    many = last - number < AT_ONCE ? last - number : AT_ONCE;
    const long left = width(in) - number * PANEL;
    transpose_panels(weights + op->weight, width(in), out->channels, turned - number * size, number, number + many);
    Product p = {.m = rows, .n = left < many * PANEL ? left : many * PANEL, .kin = out->channels, .kout = 1,
                 .a = row(team->slope, team->plan, op->out, 0), .ai = out->stride, .ak = 1, .b = turned, .bp = size,
                 .bk = PANEL, .c = row(team->slope, team->plan, op->in, 0) + number * PANEL, .cp = PANEL,
                 .ci = in->stride, .add = op->add != 0,
                 .all_n = width(in) < AT_ONCE * PANEL ? width(in) : AT_ONCE * PANEL};
    multiply(p, team->plan->half);
  }
}

static void dense_weights(const Worker *me, const Op *op, const Member *member, long rows) {
  const Team *team = me->team;
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const long low = share(me, width(in), TALL, 0), high = share(me, width(in), TALL, 1);
  Product p = {.m = high - low, .n = out->channels, .kin = rows, .kout = 1,
               .a = row(team->value, team->plan, op->in, 0) + low, .ai = 1, .ak = in->stride,
               .b = row(team->slope, team->plan, op->out, 0), .bp = PANEL, .bk = out->stride,
               .c = member->gradients + op->weight + low * PANEL, .cp = width(in) * PANEL, .ci = PANEL, .all_m = width(in)};
  multiply(p, team->plan->half);
}
