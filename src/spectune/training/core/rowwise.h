/* Operations that look at one row at a time: activation, dropout, pooling, sums and joins. */
#pragma once
#include "linear.h"

static const float SELU_SCALE = 1.05070098735548f, SELU_ALPHA = 1.67326324235437f;

INLINE V activate(V z, int64_t kind, float below) {
  const V zero = all(0);
  switch (kind) {
    case RELU: return choose(z < zero, zero, z);
    case LEAKY_RELU: return choose(z < zero, z * below, z);
    case ELU: return choose(z > zero, z, exponential(z) - 1.0f);
    case SELU: return choose(z > zero, z * SELU_SCALE, (exponential(z) - 1.0f) * (SELU_SCALE * SELU_ALPHA));
    case SWISH: return z / (1.0f + exponential(-z));
    case TANH: return hyperbolic_tangent(z);
    default: return z;
  }
}

/* Slope of an activation: by its output y; swish by its input z. */
INLINE V slope_of(V z, V y, int64_t kind, float below) {
  const V zero = all(0), one = all(1);
  switch (kind) {
    case RELU: return choose(y > zero, one, zero);
    case LEAKY_RELU: return choose(y > zero, one, all(below));
    case ELU: return choose(y > zero, one, y + 1.0f);
    case SELU: return choose(y > zero, all(SELU_SCALE), y + SELU_SCALE * SELU_ALPHA);
    case SWISH: {
      V gate = 1.0f / (1.0f + exponential(-z));
      return gate * (1.0f + z * (1.0f - gate));
    }
    case TANH: return 1.0f - y * y;
    default: return one;
  }
}

#define EACH_ACTIVATION(CALL)                  \
  switch (op->detail) {                        \
    case RELU: CALL(RELU) break;               \
    case LEAKY_RELU: CALL(LEAKY_RELU) break;   \
    case ELU: CALL(ELU) break;                 \
    case SELU: CALL(SELU) break;               \
    case SWISH: CALL(SWISH) break;             \
    case TANH: CALL(TANH) break;               \
    default: CALL(LINEAR)                      \
  }

static void act_forward(const Team *team, const Op *op, long from, long to) {
  const float below = (float)op->slope;
  const long total = width(&team->plan->buffer[op->in]);
  for (long r = from; r < to; r++) {
    const float *z = row(team->value, team->plan, op->in, r);
    float *y = row(team->value, team->plan, op->out, r);
#define FORWARD(kind) OVER(total, put(y + i, activate(get(z + i, n), kind, below), n);)
    EACH_ACTIVATION(FORWARD)
  }
}

/* What reaches the input of an operation: set, or added to what is there. */
INLINE void give(float *to, V v, int n, int64_t add) { put(to, add ? get(to, n) + v : v, n); }

static void act_backward(const Team *team, const Op *op, long from, long to) {
  const float below = (float)op->slope;
  const long total = width(&team->plan->buffer[op->in]);
  for (long r = from; r < to; r++) {
    const float *z = row(team->value, team->plan, op->in, r), *y = row(team->value, team->plan, op->out, r);
    const float *dy = row(team->slope, team->plan, op->out, r);
    float *dz = row(team->slope, team->plan, op->in, r);
#define BACKWARD(kind) \
  OVER(total, give(dz + i, get(dy + i, n) * slope_of(get(z + i, n), get(y + i, n), kind, below), n, op->add);)
    EACH_ACTIVATION(BACKWARD)
  }
}

/* Dropout by counter: a value is kept when the hash of its place is high enough. Nothing is stored. */
INLINE uint32_t mixed(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

static uint32_t drop_key(const Member *member, int64_t layer) {
  uint32_t key = mixed((uint32_t)member->key ^ mixed((uint32_t)(member->key >> 32)));
  key = mixed(key ^ mixed((uint32_t)member->taken));
  return mixed(key ^ mixed((uint32_t)layer + 0x9e3779b9u));
}

INLINE VU mixed_all(VU x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

static void drop(const Team *team, const Op *op, const Member *member, float *const *arrays, int64_t source,
                 int64_t target, int64_t add, long from, long to) {
  const long total = width(&team->plan->buffer[op->in]);
  const float rate = member->drops[op->detail], scale = 1.0f / (1.0f - rate);
  const VU least = (VU)((VI){0} + (int32_t)(uint32_t)(rate * 16777216.0f));
  const uint32_t key = drop_key(member, op->detail);
  VU lane;
  for (int i = 0; i < VL; i++) lane[i] = (uint32_t)i;
  for (long r = from; r < to; r++) {
    const float *x = row(arrays, team->plan, source, r);
    float *y = row(arrays, team->plan, target, r);
    const uint32_t base = (uint32_t)(r * total);
    OVER(total, VU place = lane + (base + (uint32_t)i); VI kept = (mixed_all(place * 0x9e3779b1u ^ key) >> 8) >= least;
         give(y + i, choose(kept, get(x + i, n) * scale, all(0)), n, add);)
  }
}

static void pool_forward(const Team *team, const Op *op, long from, long to) {
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const long c = in->channels;
  for (long r = from; r < to; r++) {
    const float *x = row(team->value, team->plan, op->in, r);
    float *y = row(team->value, team->plan, op->out, r);
    for (long t = 0; t < out->points; t++, y += c) {
      long low = t * op->step - op->pad, high = low + op->size;
      if (low < 0) low = 0;
      if (high > in->points) high = in->points;
      const float share_of = 1.0f / (high - low);
      OVER(c, V best = get(x + low * c + i, n);
           for (long s = low + 1; s < high; s++) {
             V one = get(x + s * c + i, n);
             best = op->kind == MAX_POOL ? choose((one > best) | (one != one), one, best) : best + one;
           }
           put(y + i, op->kind == MAX_POOL ? best : best * share_of, n);)
    }
  }
}

/* Gradient of one window, given or added to its cells; that of a maximum goes to the first cell that has it. */
INLINE void pool_window(const Op *op, const float *x, const float *y, const float *dy, float *dx, long cells, long c,
                        int64_t add) {
  const float part = 1.0f / cells;
  if (op->kind == MEAN_POOL)
    OVER(c, V one = get(dy + i, n) * part; for (long s = 0; s < cells; s++) give(dx + s * c + i, one, n, add);)
  else
    OVER(c, V left = get(dy + i, n); const V most = get(y + i, n);
         for (long s = 0; s < cells; s++) {
           const VI hit = get(x + s * c + i, n) == most;
           give(dx + s * c + i, choose(hit, left, all(0)), n, add);
           left = choose(hit, all(0), left);
         })
}

static void pool_backward(const Team *team, const Op *op, long from, long to) {
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  const long c = in->channels;
  const int apart = op->step >= op->size && !op->add; /* every cell is in one window at most */
  for (long r = from; r < to; r++) {
    const float *x = row(team->value, team->plan, op->in, r), *y = row(team->value, team->plan, op->out, r);
    const float *dy = row(team->slope, team->plan, op->out, r);
    float *dx = row(team->slope, team->plan, op->in, r);
    if (!op->add && (!apart || op->step > op->size)) memset(dx, 0, sizeof(float) * width(in));
    long done = 0;
    for (long t = 0; t < out->points; t++, y += c, dy += c) {
      const long low = t * op->step - op->pad < 0 ? 0 : t * op->step - op->pad;
      const long end = t * op->step - op->pad + op->size, high = end > in->points ? in->points : end;
      if (apart) pool_window(op, x + low * c, y, dy, dx + low * c, high - low, c, 0);
      else pool_window(op, x + low * c, y, dy, dx + low * c, high - low, c, 1);
      done = high;
    }
    if (apart && done < in->points) memset(dx + done * c, 0, sizeof(float) * c * (in->points - done));
  }
}

static void add_forward(const Team *team, const Op *op, long from, long to) {
  const long total = width(&team->plan->buffer[op->out]);
  for (long r = from; r < to; r++) {
    const float *a = row(team->value, team->plan, op->in, r), *b = row(team->value, team->plan, op->in2, r);
    float *y = row(team->value, team->plan, op->out, r);
    OVER(total, put(y + i, get(a + i, n) + get(b + i, n), n);)
  }
}

static void add_backward(const Team *team, const Op *op, long from, long to) {
  const long total = width(&team->plan->buffer[op->out]);
  for (long r = from; r < to; r++) {
    const float *dy = row(team->slope, team->plan, op->out, r);
    float *da = row(team->slope, team->plan, op->in, r), *db = row(team->slope, team->plan, op->in2, r);
    OVER(total, V one = get(dy + i, n); give(da + i, one, n, op->add); give(db + i, one, n, op->add2);)
  }
}

/* One path's channels into, or out of, the channels they take in the joined signal. */
static void copy(const Team *team, const Op *op, int forward, long from, long to) {
  const Buffer *in = &team->plan->buffer[op->in], *out = &team->plan->buffer[op->out];
  for (long r = from; r < to; r++) {
    float *part = row(forward ? team->value : team->slope, team->plan, op->in, r);
    float *joined = row(forward ? team->value : team->slope, team->plan, op->out, r) + op->detail;
    for (long t = 0; t < in->points; t++, part += in->channels, joined += out->channels) {
      if (forward) memcpy(joined, part, sizeof(float) * in->channels);
      else OVER(in->channels, give(part + i, get(joined + i, n), n, op->add);)
    }
  }
}
