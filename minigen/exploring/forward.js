// A model's forward pass in plain loops.
//
// A tensor is {shape, data}: `data` holds its numbers row by row, as NumPy's arrays do. A batch is a single example
// here: images have the shape [1, C, H, W], codes [1, latent], sequences [1, T, D].
//
// An operation takes the arguments of minigen's operation of that name, and the shape of its result. Its formula stands
// in minigen/ops, beside the derivatives, which nothing here needs.

"use strict";

const count = (shape) => shape.reduce((product, length) => product * length, 1);
const zeros = (shape) => ({ shape, data: new Float32Array(count(shape)) });
const pair = (value) => (Array.isArray(value) ? value : [value, value]); // 2 means [2, 2]
const sigmoid = (v) => 1 / (1 + Math.exp(-v));

// y = f(x), number by number
const each = (f) => ({ x, ...options }) => ({ shape: x.shape, data: x.data.map((v) => f(v, options)) });

// y = f(a, b), number by number; the smaller of the two is repeated, as NumPy broadcasts it
const eachTwo = (f) => ({ a, b }, shape) => {
  const [left, right] = [a, b].map((t) => broadcast(typeof t === "number" ? { shape: [], data: [t] } : t, shape).data);
  return { shape, data: left.map((v, i) => f(v, right[i])) };
};

function broadcast({ shape: from, data }, shape) {
  const strides = shape.map(() => 0); // a stride of 0 repeats a number
  for (let axis = from.length - 1, step = 1; axis >= 0; step *= from[axis--]) {
    if (from[axis] > 1) strides[axis + shape.length - from.length] = step;
  }
  return operations.view({ x: { data }, offset: 0, strides }, shape);
}

// A window of kh × kw taps slides over an image of H × W numbers and stands at OH × OW positions. Tap (u, v) sees from
// position (i, j) the pixel (i·stride + u·dilation − top, j·stride + v·dilation − left). Calls visit once for each tap,
// with the positions [from, to) from which it sees a pixel and not the padding.
function eachTap([H, W], [OH, OW], [kh, kw], { stride, padding = 0, dilation = 1 }, visit) {
  const along = (axis, size, positions, kernel, tap) => {
    const s = pair(stride)[axis], d = pair(dilation)[axis];
    const offset = tap * d - paddingBefore(padding, size, kernel, s, d, axis);
    const from = Math.max(0, Math.ceil(-offset / s)), to = Math.min(positions, Math.floor((size - 1 - offset) / s) + 1);
    return { s, offset, from, to };
  };
  for (let u = 0; u < kh; u++)
    for (let v = 0; v < kw; v++) visit(u * kw + v, along(0, H, OH, kh, u), along(1, W, OW, kw, v));
}

// The zeros above or left of the image; "same" is Keras's, which lets the window stand at ⌈size / stride⌉ positions
function paddingBefore(padding, size, kernel, s, d, axis) {
  if (padding === "valid") return 0;
  if (padding !== "same") return pair(padding)[axis];
  return Math.floor(Math.max((Math.ceil(size / s) - 1) * s + d * (kernel - 1) + 1 - size, 0) / 2);
}

// y[b + j·t] += w·x[a + j·s] for the columns j: the innermost loop of a convolution, where nearly all of its time goes
function addRow(w, x, a, s, y, b, t, { from, to }) {
  for (let j = from; j < to; j++) y[b + j * t] += w * x[a + j * s];
}

// An image [1, O, H, W] of the bias of each channel
function biased(bias, shape) {
  const y = zeros(shape), pixels = shape[2] * shape[3];
  if (bias) bias.data.forEach((b, o) => y.data.fill(b, o * pixels, (o + 1) * pixels));
  return y;
}

const operations = {
  // y[o] = b[o] + Σ over i of W[o, i]·x[i]
  linear({ x, weight, bias }, shape) {
    const y = zeros(shape), [O, I] = weight.shape, W = weight.data;
    for (let n = 0; n < y.data.length; n++) {
      const o = n % O, row = ((n - o) / O) * I;
      let sum = bias ? bias.data[o] : 0;
      for (let i = 0; i < I; i++) sum += W[o * I + i] * x.data[row + i];
      y.data[n] = sum;
    }
    return y;
  },

  // y[m, n] = Σ over k of a[m, k]·b[k, n], for each matrix of a stack; a vector is a row on the left, else a column
  matmul({ a, b }, shape) {
    const K = a.shape.at(-1), M = a.shape.at(-2) ?? 1, N = b.shape.length > 1 ? b.shape.at(-1) : 1;
    const stack = shape.slice(0, shape.length - (a.shape.length > 1) - (b.shape.length > 1)), y = zeros(shape);
    const left = broadcast(a, [...stack, M, K]).data;
    const right = broadcast(b.shape.length > 1 ? b : { shape: [K, 1], data: b.data }, [...stack, K, N]).data;
    for (let n = 0; n < y.data.length; n++) {
      const row = Math.floor(n / N) * K, column = Math.floor(n / (M * N)) * K * N + (n % N);
      for (let k = 0; k < K; k++) y.data[n] += left[row + k] * right[column + k * N];
    }
    return y;
  },

  // y[o, i, j] = b[o] + Σ over c, u, v of W[o, c, u, v]·x[c, s·i + d·u − p, s·j + d·v − p]
  conv2d({ x, weight, bias, groups, ...window }, shape) {
    const y = biased(bias, shape), [O, C, kh, kw] = weight.shape, [H, W] = x.shape.slice(2), [OH, OW] = shape.slice(2);
    eachTap([H, W], [OH, OW], [kh, kw], window, (tap, rows, columns) => {
      for (let o = 0; o < O; o++) {
        const first = Math.floor((o * groups) / O) * C; // the first channel of o's group
        for (let c = 0; c < C; c++) {
          const w = weight.data[(o * C + c) * kh * kw + tap];
          for (let i = rows.from; i < rows.to; i++) {
            const here = (o * OH + i) * OW, seen = ((first + c) * H + i * rows.s + rows.offset) * W + columns.offset;
            addRow(w, x.data, seen, columns.s, y.data, here, 1, columns);
          }
        }
      }
    });
    return y;
  },

  // The adjoint: the same loops, but x stands at the positions of the window, and y is the image that it sees
  conv_transpose2d({ x, weight, bias, groups, ...window }, shape) {
    const y = biased(bias, shape), [C, O, kh, kw] = weight.shape, [H, W] = shape.slice(2), [OH, OW] = x.shape.slice(2);
    eachTap([H, W], [OH, OW], [kh, kw], window, (tap, rows, columns) => {
      for (let c = 0; c < C; c++) {
        const first = Math.floor((c * groups) / C) * O;
        for (let o = 0; o < O; o++) {
          const w = weight.data[(c * O + o) * kh * kw + tap];
          for (let i = rows.from; i < rows.to; i++) {
            const here = (c * OH + i) * OW, seen = ((first + o) * H + i * rows.s + rows.offset) * W + columns.offset;
            addRow(w, x.data, here, 1, y.data, seen, columns.s, columns);
          }
        }
      }
    });
    return y;
  },

  // The largest number that each window sees, and its index row·W + column in the image: the switches
  max_pool2d({ x, kernel_size, stride, padding, return_indices }, shape) {
    const y = zeros(shape), indices = zeros(shape), [C, H, W] = x.shape.slice(1), [OH, OW] = shape.slice(2);
    y.data.fill(-Infinity);
    eachTap([H, W], [OH, OW], pair(kernel_size), { stride: stride ?? kernel_size, padding }, (tap, rows, columns) => {
      for (let c = 0; c < C; c++)
        for (let i = rows.from; i < rows.to; i++)
          for (let j = columns.from; j < columns.to; j++) {
            const index = (i * rows.s + rows.offset) * W + j * columns.s + columns.offset, at = (c * OH + i) * OW + j;
            if (x.data[c * H * W + index] > y.data[at]) {
              y.data[at] = x.data[c * H * W + index];
              indices.data[at] = index;
            }
          }
    });
    return return_indices ? [y, indices] : y;
  },

  // Each number back at its index, zeros elsewhere
  max_unpool2d({ x, indices }, shape) {
    const y = zeros(shape), positions = x.shape[2] * x.shape[3], pixels = shape[2] * shape[3];
    x.data.forEach((v, n) => (y.data[Math.floor(n / positions) * pixels + indices.data[n]] += v));
    return y;
  },

  avg_pool2d({ x, kernel_size, stride, padding }, shape) {
    const y = zeros(shape), [C, H, W] = x.shape.slice(1), [OH, OW] = shape.slice(2), kernel = pair(kernel_size);
    eachTap([H, W], [OH, OW], kernel, { stride: stride ?? kernel_size, padding }, (tap, rows, columns) => {
      for (let c = 0; c < C; c++)
        for (let i = rows.from; i < rows.to; i++)
          for (let j = columns.from; j < columns.to; j++) {
            const seen = (c * H + i * rows.s + rows.offset) * W + j * columns.s + columns.offset;
            y.data[(c * OH + i) * OW + j] += x.data[seen] / count(kernel);
          }
    });
    return y;
  },

  // y[c, i, j] = x[c, ⌊i / s⌋, ⌊j / s⌋]
  upsample_nearest2d({ x, scale_factor }, shape) {
    const y = zeros(shape), [H, W] = shape.slice(2), [sy, sx] = pair(scale_factor), [h, w] = x.shape.slice(2);
    y.data.forEach((_, n) => {
      const c = Math.floor(n / (H * W)), i = Math.floor(n / W) % H, j = n % W;
      y.data[n] = x.data[(c * h + Math.floor(i / sy)) * w + Math.floor(j / sx)];
    });
    return y;
  },

  // y = γ·(x − μ) / √(σ² + ε) + β for each channel, with the statistics that training left
  batch_norm({ x, running_mean, running_var, weight, bias, eps }, shape) {
    const size = count(shape.slice(2));
    const data = x.data.map((v, n) => {
      const c = Math.floor(n / size), standardized = (v - running_mean.data[c]) / Math.sqrt(running_var.data[c] + eps);
      return (weight ? weight.data[c] : 1) * standardized + (bias ? bias.data[c] : 0);
    });
    return { shape, data };
  },

  // At each step: i, f, o = σ(…), g = φ(…) of W_ih·x + W_hh·h + b;  c = f·c + i·g;  h = o·φ(c)
  lstm({ x, h0, c0, weight_ih, weight_hh, bias, activation }, shape) {
    const [, T, D] = x.shape, H = shape[2], phi = activation === "relu" ? (v) => Math.max(v, 0) : Math.tanh;
    let h = h0, c = { shape: [1, H], data: c0.data.slice() };
    const outputs = zeros(shape);
    for (let t = 0; t < T; t++) {
      const step = { shape: [1, D], data: x.data.subarray(t * D, (t + 1) * D) };
      const a = operations.linear({ x: step, weight: weight_ih, bias }, [1, 4 * H]).data;
      operations.linear({ x: h, weight: weight_hh }, [1, 4 * H]).data.forEach((v, n) => (a[n] += v));
      h = zeros([1, H]);
      for (let n = 0; n < H; n++) {
        const i = sigmoid(a[n]), f = sigmoid(a[H + n]), g = phi(a[2 * H + n]), o = sigmoid(a[3 * H + n]);
        c.data[n] = f * c.data[n] + i * g;
        h.data[n] = o * phi(c.data[n]);
      }
      outputs.data.set(h.data, t * H);
    }
    return [outputs, h, c];
  },

  lstm_cell({ x, h, c, ...weights }, shape) { // a sequence of one step
    const step = { shape: [1, 1, x.shape[1]], data: x.data };
    return operations.lstm({ x: step, h0: h, c0: c, ...weights }, [1, 1, shape[1]]).slice(1);
  },

  // y[k] = exp(x[k]) / Σ over j of exp(x[j]) along one axis, whose numbers lie `step` apart
  softmax({ x, dim }, shape) {
    const y = zeros(shape), axis = dim < 0 ? dim + shape.length : dim;
    const length = shape[axis], step = count(shape.slice(axis + 1));
    for (let n = 0; n < y.data.length; n++) {
      if (Math.floor(n / step) % length) continue; // not the first number of its row
      let largest = -Infinity, sum = 0;
      for (let k = 0; k < length; k++) largest = Math.max(largest, x.data[n + k * step]);
      for (let k = 0; k < length; k++) sum += y.data[n + k * step] = Math.exp(x.data[n + k * step] - largest);
      for (let k = 0; k < length; k++) y.data[n + k * step] /= sum;
    }
    return y;
  },

  relu: each((v) => Math.max(v, 0)),
  leaky_relu: each((v, { negative_slope }) => (v > 0 ? v : negative_slope * v)),
  sigmoid: each(sigmoid),
  tanh: each(Math.tanh),
  softplus: each((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))),
  exp: each(Math.exp),
  log: each(Math.log),
  sqrt: each(Math.sqrt),
  abs: each(Math.abs),
  neg: each((v) => -v),
  clip: each((v, { min, max }) => Math.min(Math.max(v, min ?? -Infinity), max ?? Infinity)),
  add: eachTwo((a, b) => a + b),
  sub: eachTwo((a, b) => a - b),
  rsub: eachTwo((a, b) => a - b),
  mul: eachTwo((a, b) => a * b),
  div: eachTwo((a, b) => a / b),
  rdiv: eachTwo((a, b) => a / b),
  maximum: eachTwo(Math.max),

  // The tensors one behind the other along one axis
  concat({ tensors, dim }, shape) {
    const y = zeros(shape), axis = dim < 0 ? dim + shape.length : dim;
    const lengths = tensors.map((t) => count(t.shape.slice(axis)));
    for (let at = 0, row = 0; at < y.data.length; row++)
      tensors.forEach((t, k) => {
        y.data.set(t.data.subarray(row * lengths[k], (row + 1) * lengths[k]), at);
        at += lengths[k];
      });
    return y;
  },

  // The same numbers in another shape
  reshape: ({ x }, shape) => ({ shape, data: x.data }),

  // The same numbers in another order: slices, transposes and repetitions are all y[i, j, …] = x[offset + Σ index·stride]
  view({ x, offset, strides }, shape) {
    const y = zeros(shape), index = shape.map(() => 0);
    for (let n = 0, at = offset; n < y.data.length; n++) {
      y.data[n] = x.data[at];
      for (let axis = shape.length - 1; axis >= 0; axis--) { // count on, as an odometer does
        at += strides[axis];
        if (++index[axis] < shape[axis]) break;
        at -= index[axis] * strides[axis];
        index[axis] = 0;
      }
    }
    return y;
  },
};

// Runs a program: each step computes new tensors from the input, the weights and what earlier steps computed.
function run(program, weights, x) {
  const values = [{ shape: program.input, data: x }];
  const meant = (argument) => {
    if (Array.isArray(argument)) return argument.map(meant);
    return argument?.value !== undefined ? values[argument.value] : argument?.weight ? weights[argument.weight] : argument;
  };
  for (const { operation, arguments: named, shape } of program.steps) {
    const meanings = Object.fromEntries(Object.entries(named).map(([name, argument]) => [name, meant(argument)]));
    values.push(...[operations[operation](meanings, shape)].flat());
  }
  return program.outputs.map((n) => values[n].data);
}
