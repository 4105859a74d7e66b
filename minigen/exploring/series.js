// A series to bend: the step under the pointer follows it, and its neighbours follow that step.

function startSeries() {
  const canvas = element("series"), [T, D] = content.shape;
  let grabbed = null, step = T >> 1;
  const bend = (from, t, d, rise) => {
    const width = Number(element("bend").value);
    setInput(from.map((v, n) => {
      const distance = Math.floor(n / D) - t;
      const share = n % D !== d ? 0 : distance === 0 ? 1 : width ? Math.exp(-(distance ** 2) / (2 * width ** 2)) : 0;
      return Math.min(Math.max(v + share * rise, 0), 1);
    }));
  };
  const variable = () => Number(element("variable").value);
  const height = ({ offsetY }) => 1 - (offsetY - MARGIN) / (canvas.clientHeight - 2 * MARGIN);
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    const t = Math.round(((event.offsetX - MARGIN) / (canvas.clientWidth - 2 * MARGIN)) * (T - 1));
    step = Math.min(Math.max(t, 0), T - 1);
    grabbed = pad.values.slice();
    canvas.onpointermove(event);
  };
  canvas.onpointermove = (event) => {
    if (grabbed) bend(grabbed, step, variable(), height(event) - grabbed[step * D + variable()]);
  };
  canvas.onpointerup = canvas.onpointercancel = () => (grabbed = null);
  canvas.onkeydown = (event) => {
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key], up = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (!along && !up) return;
    event.preventDefault();
    step = Math.min(Math.max(step + (along ?? 0), 0), T - 1);
    bend(pad.values, step, variable(), up ?? 0);
  };
  for (let d = 0; d < D; d++) element("variable").append(new Option(d + 1, d));
  element("which").hidden = D < 2;
}

// A bar for the error of each step, and the verdict on their mean
function showErrors(x, y) {
  drawn.set(element("errors"), [showErrors, x, y]);
  const [T, D] = content.shape, errors = new Float32Array(T);
  x.forEach((v, n) => (errors[Math.floor(n / D)] += (v - y[n]) ** 2 / D));
  const mean = errors.reduce((a, b) => a + b) / T, threshold = content.threshold;
  const { context, width, height } = cleared(element("errors"));
  const most = Math.max(...errors, 2 * (threshold ?? 0), 1e-6), y0 = height - MARGIN, scale = (height - 2 * MARGIN) / most;
  const wide = (width - 2 * MARGIN) / T;
  context.fillStyle = colour("--quiet");
  errors.forEach((error, t) => context.fillRect(MARGIN + t * wide, y0, Math.max(wide - 1, 1), -error * scale));
  const line = (value, name, dashes) => {
    context.strokeStyle = colour(name);
    context.lineWidth = 2;
    context.setLineDash(dashes);
    context.beginPath();
    context.moveTo(MARGIN, y0 - value * scale);
    context.lineTo(width - MARGIN, y0 - value * scale);
    context.stroke();
  };
  line(mean, "--accent", []);
  if (threshold !== null) line(threshold, "--theirs", [6, 4]);
  const verdict = threshold === null ? "" : mean > threshold ? ": an anomaly" : ": normal";
  element("verdict").textContent = `mean ${mean.toPrecision(3)}${verdict}`;
  element("limit").hidden = threshold === null;
  element("threshold").textContent = threshold?.toPrecision(3);
}
