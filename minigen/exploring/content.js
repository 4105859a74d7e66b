"use strict";

// What Python wrote into this page, and the worker that runs the model.

const element = (id) => document.getElementById(id);
const content = JSON.parse(element("content").textContent);
const can = new Set(content.abilities);
const bytes = Uint8Array.from(atob(element("arrays").textContent), (letter) => letter.charCodeAt(0));

const count = (shape) => shape.reduce((product, length) => product * length, 1);

// The value of 16 bits: 1 sign, 5 exponent, 10 fraction
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

// An array by its name, as a tensor {shape, data}
function stored(name) {
  const { type, shape, offset } = content.arrays[name], length = count(shape);
  if (type === "float16") {
    return { shape, data: Float32Array.from(new Uint16Array(bytes.buffer, offset, length), half) };
  }
  const kind = { float32: Float32Array, uint8: Uint8Array, uint16: Uint16Array }[type];
  return { shape, data: new kind(bytes.buffer, offset, length) };
}

// The row n of a stored array
function row(array, n) {
  const size = array.data.length / array.shape[0];
  return array.data.slice(n * size, (n + 1) * size);
}

const worker = new Worker(URL.createObjectURL(new Blob([element("worker").textContent])));
const weights = Object.keys(content.arrays).filter((name) => !name.startsWith("page: "));
worker.postMessage({
  programs: content.programs,
  weights: Object.fromEntries(weights.map((name) => [name, stored(name)])),
});

// The worker answers one question at a time. Of those that wait, only the newest of each view is kept, and the newest
// of all is asked next.
const waiting = new Map(), milliseconds = {};
let asked = null, started = false;

// Run a program on x (numbers), and call show(…outputs), unless the view asks another question first.
function ask(view, program, x, show) {
  waiting.delete(view);
  waiting.set(view, { program, x: Float32Array.from(x), show, since: performance.now() });
  next();
}

function next() {
  document.documentElement.toggleAttribute("data-busy", Boolean(asked || waiting.size));
  if (!asked && !waiting.size) started = true;
  if (asked || !waiting.size) return;
  const [view, question] = [...waiting].at(-1);
  waiting.delete(view);
  asked = question;
  worker.postMessage({ program: question.program, x: question.x });
}

worker.onmessage = ({ data: outputs }) => {
  const { program, show, since } = asked;
  asked = null;
  show(...outputs);
  if (started) milliseconds[program] = performance.now() - since; // from the question until its picture is drawn
  const times = Object.entries(milliseconds).map(([name, time]) => `${name} ${time.toFixed(1)} ms`);
  if (times.length) element("time").textContent = `Last answers: ${times.join(", ")}.`;
  next();
};
worker.onerror = ({ message }) => {
  element("time").textContent = `This browser cannot run the model: ${message}`;
};
