/* Forward and backward through all operations, and the loss between them. */
#pragma once
#include "norm.h"

#define CACHED (192 * 1024) /* bytes of signals that consecutive operations work on at a time */

/* Whether an operation needs all rows of the batch before it, or works best on all of them. */
INLINE int alone(const Op *op, int training) { return op->kind == DENSE || (op->kind == NORM && training); }

/* First operation after `from` that cannot share a block of rows with it. */
static long run_end(const Plan *plan, long from, int training) {
  if (plan->op[from].kind == DENSE) return from + 1;
  long end = from + 1; /* normalisation only has to wait for its statistics: it may begin a run */
  while (end < plan->ops && !alone(&plan->op[end], training)) end++;
  return end;
}

static long rows_at_once(const Plan *plan, long from, long end) {
  long bytes = 0;
  for (long o = from; o < end; o++) bytes += plan->buffer[plan->op[o].out].stride * 4;
  return bytes > CACHED ? 1 : CACHED / bytes;
}

static void forward_rows(const Worker *me, const Op *op, const Member *member, int training, long from, long to) {
  const Team *team = me->team;
  switch (op->kind) {
    case CONV: conv_forward(me, op, member->weights, from, to); break;
    case DENSE: dense_forward(me, op, member->weights, from, to); break;
    case NORM: norm_forward(team, op, from, to); break;
    case ACT: act_forward(team, op, from, to); break;
    case DROP:
      if (training) {
        drop(team, op, member, team->value, op->in, op->out, 0, from, to);
        break;
      }
      for (long r = from; r < to && op->in != op->out; r++)
        memcpy(row(team->value, team->plan, op->out, r), row(team->value, team->plan, op->in, r),
               sizeof(float) * width(&team->plan->buffer[op->in]));
      break;
    case MAX_POOL:
    case MEAN_POOL: pool_forward(team, op, from, to); break;
    case ADD: add_forward(team, op, from, to); break;
    case COPY: copy(team, op, 1, from, to); break;
  }
}

static void backward_rows(const Worker *me, const Op *op, const Member *member, long from, long to) {
  const Team *team = me->team;
  if (!op->wanted) return;
  switch (op->kind) {
    case CONV: conv_backward(me, op, from, to); break;
    case NORM: norm_backward(team, op, from, to); break;
    case ACT: act_backward(team, op, from, to); break;
    case DROP: drop(team, op, member, team->slope, op->out, op->in, op->add, from, to); break;
    case MAX_POOL:
    case MEAN_POOL: pool_backward(team, op, from, to); break;
    case ADD: add_backward(team, op, from, to); break;
    case COPY: copy(team, op, 0, from, to); break;
    default: break;
  }
}

/* The thread's own rows through all operations. */
static void forward(const Worker *me, const Member *member, long rows, int training) {
  const Plan *plan = me->team->plan;
  const long from = share(me, rows, 4, 0), to = share(me, rows, 4, 1);
  for (long o = 0, end; o < plan->ops; o = end) {
    const Op *op = &plan->op[o];
    if (op->kind == NORM && training) {
      meet(me->team);
      norm_statistics(me, op, member, rows);
    }
    end = run_end(plan, o, training);
    const long many = op->kind == DENSE ? rows : rows_at_once(plan, o, end);
    for (long r = from; r < to; r += many)
      for (long each = o; each < end; each++)
        forward_rows(me, &plan->op[each], member, training, r, r + many < to ? r + many : to);
  }
}

/* Gradients of all weights, from the gradient of the loss by the outputs. */
static void backward(const Worker *me, const Member *member, long rows) {
  const Plan *plan = me->team->plan;
  const long from = share(me, rows, 4, 0), to = share(me, rows, 4, 1);
  for (long end = plan->ops, o; end > 0; end = o) {
    for (o = end - 1; o > 0 && run_end(plan, o - 1, 1) >= end; o--) {}
    const Op *first = &plan->op[o];
    meet(me->team);
    if (first->kind == DENSE) {
      if (first->wanted) dense_backward(me, first, member->weights, rows);
      dense_weights(me, first, member, rows);
      bias_sums(me, first, member, rows);
      continue;
    }
    const long many = rows_at_once(plan, o, end);
    const long rest = first->kind == NORM ? o + 1 : o;
    for (long r = from; r < to; r += many)
      for (long each = end - 1; each >= rest; each--)
        backward_rows(me, &plan->op[each], member, r, r + many < to ? r + many : to);
    meet(me->team);
    if (first->kind == NORM) {
      norm_sums(me, first, member, rows);
      if (from < to) backward_rows(me, first, member, from, to);
      meet(me->team);
    }
    for (long each = o; each < end; each++)
      if (plan->op[each].kind == CONV) {
        conv_weights(me, &plan->op[each], member, rows);
        bias_sums(me, &plan->op[each], member, rows);
      }
  }
}

/* Loss of a row and its gradient by the outputs, already divided by the rows of the batch. */
static double row_loss(const Plan *plan, const Member *member, const float *y, float *dy, float wanted, long rows) {
  if (!plan->classes) {
    const float off = y[0] - wanted;
    dy[0] = 2 * off / rows;
    return (double)off * off;
  }
  const long label = (long)wanted;
  float most = y[0];
  for (long c = 1; c < plan->classes; c++) most = y[c] > most ? y[c] : most;
  double sum = 0;
  for (long c = 0; c < plan->classes; c++) sum += dy[c] = expf(y[c] - most);
  const double weight = member->class_weights[label];
  for (long c = 0; c < plan->classes; c++) dy[c] = (float)(weight / rows * (dy[c] / sum - (c == label)));
  return weight * (log(sum) + most - y[label]);
}

static double loss(const Team *team, const Member *member, const int64_t *order, long rows) {
  double sum = 0;
  for (long r = 0; r < rows; r++)
    sum += row_loss(team->plan, member, row(team->value, team->plan, team->plan->output, r),
                    row(team->slope, team->plan, team->plan->output, r), member->wanted[order[r]], rows);
  return sum;
}
