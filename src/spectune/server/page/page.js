"use strict";

const MOST_ROWS = 500;
const at = (id) => document.getElementById(id);
const state = { token: "", file: null, model: null, answer: null };

/** An element with words and, if given, a class. Words are never taken as markup. */
function element(name, words, kind) {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
}

/** A request with the token; an Error with the server's own sentence when it refuses. */
async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(state.token ? { Authorization: `Bearer ${state.token}` } : {}) };
  const answer = await fetch(path, { ...options, headers }).catch(() => {
    throw new Error("the server does not answer; is it still running?");
  });
  if (answer.ok) return answer;
  if (answer.status === 401) at("entry").hidden = false;
  const told = await answer.json().catch(() => ({}));
  throw new Error(told.error || `the server answered ${answer.status}`);
}

/** The predictions of the file that was brought, with what is said of it beside the page's own questions. */
function send(accept, questions = {}) {
  const form = new FormData();
  form.append("file", state.file);
  const said = ["unit", "signal"].filter((name) => at(name).value).map((name) => [name, at(name).value]);
  const query = new URLSearchParams({ ...questions, ...Object.fromEntries(said) });
  return ask(`predict?${query}`, { method: "POST", body: form, headers: { Accept: accept } });
}

/** Tells of work while it runs, and of what went wrong. */
async function during(words, work) {
  at("trouble").textContent = "";
  at("status").textContent = words;
  try {
    at("status").textContent = await work();
  } catch (error) {
    at("status").textContent = "";
    at("trouble").textContent = error.message;
  }
}

/** A number with so many decimals; nothing where there is none. */
const fixed = (value, decimals) => (value === null || value === undefined ? "" : value.toFixed(decimals));
const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const percent = (level) => `${Number((100 * level).toPrecision(4))} %`;
const withUnit = (name, unit) => (unit ? `${name} (${unit})` : name);

async function meet() {
  const model = (state.model = await (await ask("model")).json());
  document.title = `Predictions of ${model.target}`;
  at("title").textContent = `Predictions of ${withUnit(model.target, model.unit)}`;
  at("engine").textContent = `spectune ${model.versions.spectune}, answers from ${model.engine.name}`;
  at("about").textContent =
    `From spectra of ${model.axis.words}, by ${model.adapted ? "an adapted model" : "the tuned network"}. ${origin(model)}`;
  at("entry").hidden = true;
  return "";
}

/** Where the model comes from, and what is said of it. */
function origin(model) {
  if (!model.adapted) return `What its run says: ${model.verdict}`;
  return `How it was made: ${model.adapted.words}. What its adaptation says: ${model.verdict}`;
}

async function predict(file) {
  state.file = file;
  at("result").hidden = true;
  await during(`Predicting ${file.name} …`, async () => {
    state.answer = await (await send("application/json", { draw: true })).json();
    show(state.answer);
    return summary(state.answer);
  });
}

const strange = (row) => Boolean(row.flags && row.flags.length);

function summary(answer) {
  const flagged = answer.rows.filter(strange).length;
  const told = answer.rows.length === 1 ? "1 spectrum predicted" : `${answer.rows.length} spectra predicted`;
  if (!state.model.flags) return `${told}; this model flags no spectra.`;
  return `${told}; ${flagged || "none"} flagged as strange to the model.`;
}

function show(answer) {
  at("notes").replaceChildren(...answer.notes.map((note) => element("li", note)));
  at("result").hidden = false;
  fill(answer);
  draw();
  at("heading").focus({ preventScroll: true });
}

/** Decimals of a row's numbers: three digits of the usual half of an interval, or of the spread where there is none. */
function decimals(rows) {
  if ("class" in rows[0]) return 3;
  const widths = rows.map((row) => ("low" in row ? (row.high - row.low) / 2 : row.spread));
  const width = middle(widths.filter((value) => value > 0)) || Math.abs(rows[0].predicted) || 1;
  return Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(width))));
}

/** Columns of the table: heading, words of a row, class. */
function columns(answer) {
  const first = answer.rows[0];
  const shown = decimals(answer.rows);
  const number = (value) => fixed(value, shown);
  const level = answer.level === null ? "" : percent(answer.level);
  const made = [["spectrum", (row) => row.id, "word"]];
  if ("class" in first) {
    made.push(["class", (row) => row.class, "word"], ["probability", (row) => number(row.probability), ""]);
  } else {
    made.push([withUnit(answer.target, answer.unit), (row) => number(row.predicted), ""]);
  }
  if ("low" in first) made.push([`${level} interval`, (row) => `${number(row.low)} to ${number(row.high)}`, ""]);
  if ("set" in first) made.push([`${level} set`, (row) => row.set.join(", "), "word"]);
  made.push(["spread", (row) => number(row.spread), ""]);
  if ("flags" in first) made.push(["what is strange", (row) => row.flags.join("; "), "word flag"]);
  return made;
}

function fill(answer) {
  const shown = columns(answer);
  const heads = shown.map(([name, , kind]) => Object.assign(element("th", name, kind), { scope: "col" }));
  const head = document.createElement("tr");
  head.append(...heads);
  at("head").replaceChildren(head);
  at("rows").replaceChildren(
    ...answer.rows.slice(0, MOST_ROWS).map((row) => {
      const line = document.createElement("tr");
      if (strange(row)) line.className = "strange";
      line.append(...shown.map(([, words, kind]) => element("td", words(row), kind)));
      return line;
    }),
  );
  const rest = answer.rows.length - MOST_ROWS;
  const some = `The first ${MOST_ROWS} of ${answer.rows.length} spectra; the file to download has all. `;
  at("told").textContent = (rest > 0 ? some : "") + meaning(answer);
}

/** What the columns mean. */
function meaning(answer) {
  const spread = "Spread: standard deviation over the networks of the ensemble, which is no interval.";
  if (answer.level === null) return `This model has no intervals. ${spread}`;
  const what = "class" in answer.rows[0] ? "The set holds the true class" : "The interval holds the true value";
  return `${what} of ${percent(answer.level)} of new samples like those of the calibration, not of flagged ones. ${spread}`;
}

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, words) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== undefined) made.textContent = words;
  return made;
}

/** Some five round numbers between two. */
function ticks(low, high) {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(10)));
}

/** Spectra as lines, those with flags on top, as wide as there is room. */
function draw() {
  if (!state.answer || at("result").hidden) return;
  const { drawing, rows } = state.answer;
  const width = Math.max(280, at("picture").clientWidth);
  const height = Math.round(Math.min(380, Math.max(220, width * 0.42)));
  const [left, right, top, bottom] = [70, 22, 8, 44];
  const values = drawing.y.flat().filter((value) => value !== null);
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const [first, last] = [drawing.x[0], drawing.x[drawing.x.length - 1]];
  const across = (x) => left + ((x - first) / (last - first)) * (width - left - right);
  const up = (y) => height - bottom - ((y - low) / (high - low || 1)) * (height - top - bottom);
  const flagged = drawing.rows.filter((row) => strange(rows[row])).length;
  const told = `${drawing.rows.length} of ${rows.length} spectra, ${flagged} of them flagged`;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Line plot of ${told}` });
  for (const x of ticks(first, last)) {
    svg.append(shape("line", { x1: across(x), x2: across(x), y1: top, y2: height - bottom }));
    svg.append(shape("text", { x: across(x), y: height - bottom + 16, "text-anchor": "middle" }, x));
  }
  for (const y of ticks(low, high)) {
    svg.append(shape("line", { x1: left, x2: width - right, y1: up(y), y2: up(y) }));
    svg.append(shape("text", { x: left - 6, y: up(y) + 4, "text-anchor": "end" }, y));
  }
  svg.append(shape("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, drawing.label));
  const aside = `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`;
  svg.append(shape("text", { transform: aside, "text-anchor": "middle" }, drawing.signal));
  const order = drawing.y.map((_, k) => k).sort((a, b) => strange(rows[drawing.rows[a]]) - strange(rows[drawing.rows[b]]));
  for (const k of order) {
    const row = rows[drawing.rows[k]];
    const points = drawing.y[k].map((y, j) => `${across(drawing.x[j]).toFixed(1)},${up(y ?? low).toFixed(1)}`);
    const line = shape("path", { d: `M${points.join("L")}`, class: strange(row) ? "strange" : "usual" });
    line.append(shape("title", {}, strange(row) ? `${row.id}: ${row.flags.join("; ")}` : row.id));
    svg.append(line);
  }
  at("picture").replaceChildren(svg);
  const caption = [element("span", `${drawing.rows.length} of ${rows.length} spectra. `)];
  if (flagged) caption.push(element("b", "Dashed: flagged as strange to the model."));
  at("caption").replaceChildren(...caption);
}

async function download() {
  await during("Predicting once more for the file …", async () => {
    const text = await (await send("text/csv")).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(text);
    link.download = `${state.file.name.replace(/\.[^.]*$/, "")}-predictions.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    return `${link.download} was handed to your browser.`;
  });
}

function listen() {
  const drop = at("drop");
  at("file").addEventListener("change", (event) => event.target.files[0] && predict(event.target.files[0]));
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer.files[0]) return;
    at("file").files = event.dataTransfer.files;
    predict(event.dataTransfer.files[0]);
  });
  for (const name of ["unit", "signal"]) at(name).addEventListener("change", () => state.file && predict(state.file));
  at("download").addEventListener("click", download);
  at("entry").addEventListener("submit", (event) => {
    event.preventDefault();
    state.token = at("token").value.trim();
    during("", meet);
  });
  let width = 0;
  new ResizeObserver(() => {
    if (width !== document.body.clientWidth) draw();
    width = document.body.clientWidth;
  }).observe(document.body);
}

listen();
during("", meet);
