/* What a network is to the core: buffers, operations between them, and members' numbers. */
#pragma once
#include "half.h"
#include "views.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum Kind { CONV, DENSE, NORM, ACT, DROP, MAX_POOL, MEAN_POOL, ADD, COPY };
enum Activation { LINEAR, RELU, LEAKY_RELU, ELU, SELU, SWISH, TANH };
enum Rule { ADAM, RMSPROP, ADAGRAD, SGD, KERAS_ADAM };

/* A signal of all rows of a batch: `points * channels` numbers a row, zeros `left` of them, rows
 * `stride` apart. The distance is an odd number of cache lines, so columns do not share a cache set. */
typedef struct {
  int64_t points, channels, left, right, stride;
} Buffer;

/* One operation. Places of weights count from the start of the member's packed row. */
typedef struct {
  int64_t kind, in, in2, out;
  int64_t weight, bias, moments; /* places; conv and dense weights come in panels of 32 columns */
  int64_t size, step, pad;       /* window, stride, cells before the signal */
  int64_t block;                 /* neighbouring outputs of a convolution computed as one row */
  int64_t add, add2;             /* gradient of in (in2) is added to what is there already */
  int64_t wanted;                /* whether the gradient of in is needed at all */
  int64_t detail;                /* activation; number of the dropout layer; first channel of a copy */
  int64_t forward, backward;     /* places of derived matrices in the workspace, -1 for none */
  double momentum, eps, slope;   /* of batch normalisation; of a leaky ReLU below zero */
} Op;

typedef struct {
  int64_t ops, buffers, rows, weights, kernels, derived, input, output, classes, rule;
  int64_t half; /* products of bfloat16 factors */
  const Op *op;
  const Buffer *buffer;
} Plan;

/* A member: its packed weights, what its rule remembers, its scaling and its rows. */
typedef struct {
  float *weights, *gradients, *first, *second, *moments;
  const float *factor, *offset; /* (points * channels) */
  const float *wanted;          /* (rows of the table) scaled target or class number */
  const float *class_weights;
  const float *drops; /* rate of every dropout layer */
  const int64_t *order;
  int64_t rows;        /* in order */
  const double *rates; /* one per step of the epoch */
  double penalty;
  uint64_t taken; /* steps taken so far, all epochs */
  uint64_t key;   /* of the dropout stream */
  double loss;    /* out: mean over the epoch's rows */
  float *answers; /* out: (rows, outputs), when asked for */
} Member;

/* Where spectra come from: prepared ones in memory, or raw ones in memory or in a file of float32,
 * that are read and prepared row by row. */
typedef struct {
  const float *table;
  int64_t file, start; /* -1, or a descriptor and the place of row 0 in bytes */
  const Views *views;  /* NULL when the spectra are prepared already */
} Source;

typedef struct {
  int size;
  atomic_int waiting, round;
} Gate;

/* Everything a team of threads needs to train one member at a time. */
typedef struct {
  const Plan *plan;
  float **value, **slope; /* per buffer: signal, and gradient of the loss by it */
  float *derived;
  double *sums; /* see norm.h */
  Gate gate;
  atomic_int unread; /* rows of a file that could not be read */
} Team;

/* Threads of a team meet here. They spin shortly, then give the core away. */
static void meet(Team *team) {
  Gate *gate = &team->gate;
  if (gate->size == 1) return;
  const int round = atomic_load_explicit(&gate->round, memory_order_acquire);
  if (atomic_fetch_add(&gate->waiting, 1) == gate->size - 1) {
    atomic_store(&gate->waiting, 0);
    atomic_fetch_add(&gate->round, 1);
    return;
  }
  for (int spins = 0; atomic_load_explicit(&gate->round, memory_order_acquire) == round; spins++) {
    if (spins > 2000) sched_yield();
#if defined(__x86_64__)
    else __builtin_ia32_pause();
#endif
  }
}

/* One thread of a team, and the share of work that is its own. */
typedef struct {
  Team *team;
  int number;
  double *scratch; /* for a raw spectrum and its preparation */
} Worker;

INLINE long share(const Worker *w, long total, long unit, int next) {
  const long units = (total + unit - 1) / unit, place = (w->number + next) * units / w->team->gate.size * unit;
  return place < total ? place : total;
}

INLINE float *row(float *const *arrays, const Plan *plan, int64_t number, long r) {
  const Buffer *b = &plan->buffer[number];
  return arrays[number] + r * b->stride + b->left * b->channels;
}

INLINE long width(const Buffer *b) { return b->points * b->channels; }
