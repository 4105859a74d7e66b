// The way from A to B: a straight line between two codes, an arc between two noises.

const STEPS = 9, ends = { a: null, b: null };

function between(a, b, share) {
  let [fromA, fromB] = [1 - share, share];
  if (!can.has("encode")) {
    const dot = (p, q) => p.reduce((sum, v, k) => sum + v * q[k], 0);
    const angle = Math.acos(Math.min(Math.max(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), -1), 1));
    if (Math.sin(angle) > 1e-3) [fromA, fromB] = [fromA, fromB].map((part) => Math.sin(part * angle) / Math.sin(angle));
  }
  return a.map((v, k) => fromA * v + fromB * b[k]);
}

// The code that differs most from this one
function farthest(codes, from) {
  const all = Array.from({ length: codes.shape[0] }, (_, n) => row(codes, n));
  return all.reduce((best, code) => (squaredError(code, from) > squaredError(best, from) ? code : best));
}

function startPath() {
  const strip = Array.from({ length: STEPS }, () => element("steps").appendChild(document.createElement("canvas")));
  const showBetween = () => {
    const share = Number(element("way").value);
    ask("between", "decode", between(ends.a, ends.b, share), (values) => show(element("between"), values));
    element("share").textContent = `${Math.round(100 * share)} % of the way`;
  };
  const showAll = () => {
    for (const end of ["a", "b"]) ask(end, "decode", ends[end], (values) => show(element(end), values));
    strip.forEach((canvas, n) => {
      ask(`step ${n}`, "decode", between(ends.a, ends.b, n / (STEPS - 1)), (values) => show(canvas, values));
    });
    showBetween();
  };
  element("way").oninput = showBetween;
  for (const end of ["a", "b"]) {
    element(`take-${end}`).textContent = can.has("encode") ? "Take the code above" : "New noise";
    element(`take-${end}`).onclick = () => {
      ends[end] = can.has("encode") ? state.code.slice() : gaussianNoise();
      showAll();
    };
  }
  showAll();
}
