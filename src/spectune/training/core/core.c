/* The training core: whole epochs of whole networks, one call from Python.
 *
 * A call trains or applies several members of one architecture. Threads form teams; a team works on
 * one member at a time. No result depends on the number of teams or threads. */
#include "passes.h"

/* ---- update rules, over one packed row of weights; as the torch twin, term by term ---- */

static void update(const Worker *me, const Plan *plan, const Member *m, double rate) {
  const long low = share(me, plan->weights, VL, 0), high = share(me, plan->weights, VL, 1);
  const double steps = (double)m->taken + 1, least = sqrt(1 - pow(0.999, steps));
  const int late = plan->rule == KERAS_ADAM; /* it corrects the whole quotient, not its root: eps counts as it is */
  const float l2 = (float)m->penalty, lr = (float)rate, eps = 1e-7f;
  const float pace = (float)(rate * (late ? least : 1) / (1 - pow(0.9, steps))), calm = (float)(late ? 1 : 1 / least);
  for (long i = low; i < high; i += VL) {
    V w = load(m->weights + i), g = load(m->gradients + i);
    if (i < plan->kernels) g += w * l2; /* kernels fill whole vectors */
    switch (plan->rule) {
      case ADAM:
      case KERAS_ADAM: {
        V first = load(m->first + i), second = load(m->second + i);
        first += (g - first) * 0.1f;
        second = second * 0.999f + g * g * 0.001f;
        store(m->first + i, first);
        store(m->second + i, second);
        w -= pace * first / (root(second) * calm + eps);
        break;
      }
      case RMSPROP: {
        V square = load(m->first + i) * 0.9f + g * g * 0.1f;
        store(m->first + i, square);
        w -= lr * g / (root(square) + eps);
        break;
      }
      case ADAGRAD: {
        V total = load(m->first + i) + g * g;
        store(m->first + i, total);
        w -= lr * g / (root(total) + eps);
        break;
      }
      default: w -= lr * g;
    }
    store(m->weights + i, w);
  }
}

/* ---- rows of spectra into the first buffer, standardised ---- */

/* The row as the network receives it, in the table or in `room`. */
static const float *prepared(const Worker *me, const Source *source, int64_t number, long total, float *room) {
  const Views *views = source->views;
  if (!views) return source->table + number * total;
  const float *raw = source->table + number * views->points;
  const ssize_t bytes = views->points * sizeof(float);
  double *scratch = me->scratch;
  if (source->file >= 0) {
    raw = (float *)scratch;
    scratch += (views->points + 15) / 16 * 8;
    if (pread((int)source->file, (float *)raw, bytes, source->start + number * bytes) != bytes) goto failed;
  }
  if (!prepare_row(views, raw, room, scratch)) return room;
failed:
  memset(room, 0, sizeof(float) * total); /* the others of the team go on; the caller hears of it at the end */
  atomic_fetch_add(&me->team->unread, 1);
  return room;
}

static void gather(const Worker *me, const Source *source, const Member *m, const int64_t *order, long rows) {
  const Team *team = me->team;
  const Plan *plan = team->plan;
  const long total = width(&plan->buffer[plan->input]), last = share(me, rows, 4, 1);
  for (long r = share(me, rows, 4, 0); r < last; r++) {
    float *x = row(team->value, plan, plan->input, r);
    const float *from = prepared(me, source, order[r], total, x);
    if (!source->views && r + 1 < last) /* rows lie anywhere: fetch the next one meanwhile */
      for (long i = 0; i < total; i += 16) __builtin_prefetch(source->table + order[r + 1] * total + i);
    OVER(total, put(x + i, get(from + i, n) * get(m->factor + i, n) + get(m->offset + i, n), n);)
  }
}

static void derive_all(const Worker *me, const Member *m) {
  const Plan *plan = me->team->plan;
  for (long o = 0; o < plan->ops; o++) derive(me, &plan->op[o], m->weights);
}

/* ---- one member, one thread of its team ---- */

static void train(const Worker *me, const Source *source, Member *m, long batch) {
  Team *team = me->team;
  double sum = 0;
  for (long at = 0, place = 0; at < m->rows; at += batch, place++) {
    const long rows = at + batch < m->rows ? batch : m->rows - at;
    derive_all(me, m);
    gather(me, source, m, m->order + at, rows);
    meet(team);
    forward(me, m, rows, 1);
    meet(team);
    if (me->number == 0) sum += loss(team, m, m->order + at, rows);
    backward(me, m, rows);
    meet(team);
    update(me, team->plan, m, m->rates[place]);
    meet(team);
    if (me->number == 0) m->taken++;
    meet(team);
  }
  if (me->number == 0) m->loss = sum / m->rows;
}

static void apply(const Worker *me, const Source *source, Member *m) {
  Team *team = me->team;
  const Plan *plan = team->plan;
  const long outputs = width(&plan->buffer[plan->output]);
  derive_all(me, m);
  for (long o = 0; o < plan->ops; o++)
    if (plan->op[o].kind == NORM) norm_running(me, &plan->op[o], m);
  meet(team);
  for (long at = 0; at < m->rows; at += plan->rows) {
    const long rows = at + plan->rows < m->rows ? plan->rows : m->rows - at;
    gather(me, source, m, m->order + at, rows);
    forward(me, m, rows, 0);
    for (long r = share(me, rows, 4, 0); r < share(me, rows, 4, 1); r++)
      memcpy(m->answers + (at + r) * outputs, row(team->value, plan, plan->output, r), sizeof(float) * outputs);
    meet(team); /* the last rows may be shared out differently */
  }
}

/* ---- teams ---- */

static long sum_slots(const Plan *plan) {
  long most = 0;
  for (long b = 0; b < plan->buffers; b++) {
    const long need = 2 * slots_of(plan->buffer[b].channels) + 2 * VL + 2 * plan->buffer[b].channels + VL;
    most = need > most ? need : most;
  }
  return most;
}

static void *cleared(long bytes) {
  void *memory = 0;
  bytes = (bytes + 4095) / 4096 * 4096 + 4096; /* reads of whole vectors may pass the end */
  if (posix_memalign(&memory, 4096, bytes)) return 0;
  return memset(memory, 0, bytes);
}

void spectune_close(Team *team) {
  if (!team) return;
  for (long b = 0; b < team->plan->buffers; b++) {
    if (team->value) free(team->value[b]);
    if (team->slope) free(team->slope[b]);
  }
  free(team->value);
  free(team->slope);
  free(team->derived);
  free(team->sums);
  free(team);
}

/* Room for a team; NULL when there is no memory for it. The plan must outlive it. */
Team *spectune_open(const Plan *plan, int training) {
  Team *team = cleared(sizeof(Team));
  if (!team) return 0;
  team->plan = plan;
  team->value = cleared(sizeof(float *) * plan->buffers);
  team->slope = cleared(sizeof(float *) * plan->buffers);
  team->derived = cleared(sizeof(float) * (plan->derived + PANEL));
  team->sums = cleared(sizeof(double) * sum_slots(plan));
  int whole = team->value && team->slope && team->derived && team->sums;
  for (long b = 0; whole && b < plan->buffers; b++) {
    const long bytes = sizeof(float) * (plan->rows * plan->buffer[b].stride + PANEL);
    whole = (team->value[b] = cleared(bytes)) && (!training || (team->slope[b] = cleared(bytes)));
  }
  if (whole) return team;
  spectune_close(team);
  return 0;
}

typedef struct {
  Member *members;
  int count;
  const Source *source;
  long batch; /* 0: apply */
  atomic_int next, go; /* the next member to take; 1: begin, -1: not all threads could be started */
} Work;

typedef struct {
  Work *work;
  int *taken; /* by the team's first thread, for all of it */
  Worker worker;
} Shift;

static void *serve(void *argument) {
  Shift *shift = argument;
  Work *work = shift->work;
  const Worker *me = &shift->worker;
  while (!atomic_load(&work->go)) sched_yield();
  if (atomic_load(&work->go) < 0) return 0;
  for (;;) {
    if (me->number == 0) *shift->taken = atomic_fetch_add(&work->next, 1);
    meet(me->team);
    const int taken = *shift->taken;
    meet(me->team);
    if (taken >= work->count) return 0;
    if (work->batch) train(me, work->source, &work->members[taken], work->batch);
    else apply(me, work->source, &work->members[taken]);
  }
}

/* Trains (batch > 0) or applies (batch 0) all members, `size` threads to a team.
 * Returns 0; 1 when a file could not be read; 2 when threads could not be started (nothing is done). */
int spectune_run(Team **teams, int number, int size, Member *members, int count, const Source *source, int64_t batch) {
  const int threads = number * size;
  Work work = {.members = members, .count = count, .source = source, .batch = batch};
  Shift *shifts = cleared(sizeof(Shift) * threads);
  pthread_t *handles = cleared(sizeof(pthread_t) * threads);
  int *taken = cleared(sizeof(int) * number), started = 1, unread = 0;
  const Views *views = source->views;
  const long each = views ? (views_scratch(views) + (views->points + 15) / 16 * 8 + 7) / 8 * 8 : 0;
  double *scratch = cleared(sizeof(double) * each * threads);
  const int room = shifts && handles && taken && scratch;
  for (int t = 0; room && t < number; t++) {
    teams[t]->gate.size = size;
    atomic_store(&teams[t]->gate.waiting, 0);
    atomic_store(&teams[t]->unread, 0);
  }
  for (int t = 0; room && t < threads; t++)
    shifts[t] = (Shift){&work, &taken[t / size], {teams[t / size], t % size, scratch + t * each}};
  while (room && started < threads && !pthread_create(&handles[started], 0, serve, &shifts[started])) started++;
  const int whole = room && started == threads;
  atomic_store(&work.go, whole ? 1 : -1);
  if (whole) serve(&shifts[0]);
  for (int t = 1; room && t < started; t++) pthread_join(handles[t], 0);
  for (int t = 0; whole && t < number; t++) unread += atomic_load(&teams[t]->unread);
  free(shifts), free(handles), free(taken), free(scratch);
  return whole ? unread > 0 : 2;
}

int spectune_lanes(void) { return VL; }

/* Changes with the structures that Python hands in. */
int spectune_version(void) { return 6; }

/* Whether this processor multiplies pairs of bfloat16. */
int spectune_halves(void) { return halves(); }
