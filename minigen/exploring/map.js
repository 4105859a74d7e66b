// The map of codes: a plane through the space of codes, in which each test example is a dot.
//
// A direction is {vector, origin}: a code lies at Σ vector·(code − origin) along it.

const PALETTE = ["#1f77b4", "#e0720b", "#2a9235", "#d62728", "#8f63bf", "#8c564b", "#d45fb0", "#7a7f85", "#a3a21f",
  "#12a3b4"];
const classColour = (label) => PALETTE[label] ?? `hsl(${(label * 137.5) % 360} 60% 50%)`;

const state = { code: new Float32Array(content.latent), gaussian: null, hidden: new Set() };
const views = []; // functions to call when the code has changed
let plane = null;

function setCode(code) {
  state.code = Float32Array.from(code);
  views.forEach((update) => update());
}

const along = ({ vector, origin }, code) => vector.reduce((sum, v, k) => sum + v * (code[k] - origin[k]), 0);

// The direction of a single number of the code
function directionOf(k) {
  const vector = new Float32Array(content.latent), origin = new Float32Array(content.latent);
  vector[k] = 1;
  return { vector, origin };
}

// The plane of two directions, with the places of all examples in it and the range that it shows
function planeOf(across, up) {
  const codes = stored("page: codes"), dots = [];
  for (let n = 0; n < codes.shape[0]; n++) {
    const code = row(codes, n);
    dots.push({ u: along(across, code), v: along(up, code), label: labels[n], code });
  }
  const range = (values) => {
    const low = Math.min(...values), high = Math.max(...values), margin = 0.06 * (high - low) || 1;
    return [low - margin, high + margin];
  };
  return { across, up, dots, u: range(dots.map((dot) => dot.u)), v: range(dots.map((dot) => dot.v)) };
}

// From the plane to a canvas and back
const scales = (width, height) => ({
  x: (u) => ((u - plane.u[0]) / (plane.u[1] - plane.u[0])) * width,
  y: (v) => (1 - (v - plane.v[0]) / (plane.v[1] - plane.v[0])) * height,
  u: (x) => plane.u[0] + (x / width) * (plane.u[1] - plane.u[0]),
  v: (y) => plane.v[0] + (1 - y / height) * (plane.v[1] - plane.v[0]),
});

function drawMap(canvas) {
  const { context, width, height } = cleared(canvas), to = scales(width, height), radius = width > 300 ? 2.6 : 1.6;
  for (const { u, v, label } of plane.dots) {
    if (state.hidden.has(label)) continue;
    context.fillStyle = classColour(label);
    context.globalAlpha = 0.75;
    context.beginPath();
    context.arc(to.x(u), to.y(v), radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  if (width > 300) nameClasses(context, to);
  if (state.gaussian) drawGaussian(context, to);
  const x = to.x(along(plane.across, state.code)), y = to.y(along(plane.up, state.code));
  context.lineWidth = 2.5;
  for (const [name, size] of [["--screen", 9], ["--text", 7]]) {
    context.strokeStyle = colour(name);
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.stroke();
  }
}

// Each class's name at the median of its dots, for readers who cannot tell the colours apart
function nameClasses(context, to) {
  context.font = "600 15px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  const taken = [];
  content.classes.forEach((name, label) => {
    const dots = plane.dots.filter((dot) => dot.label === label);
    if (!dots.length || state.hidden.has(label)) return;
    const middle = (key) => dots.map((dot) => dot[key]).sort((a, b) => a - b)[dots.length >> 1];
    const title = name.length > 16 ? `${name.slice(0, 15)}…` : name;
    const place = [title, to.x(middle("u")), to.y(middle("v"))], wide = context.measureText(title).width;
    const hides = (other) => Math.abs(place[1] - other.x) < (wide + other.wide) / 2 && Math.abs(place[2] - other.y) < 14;
    if (taken.some(hides)) return;
    taken.push({ x: place[1], y: place[2], wide });
    context.strokeStyle = colour("--screen");
    context.strokeText(...place);
    context.fillStyle = colour("--text");
    context.fillText(...place);
  });
}

// q(z|x) = N(μ, σ²) seen in the plane: ellipses at one and two standard deviations
function drawGaussian(context, to) {
  const { mean, logVar } = state.gaussian, { across, up } = plane;
  const covariance = (a, b) => logVar.reduce((sum, value, k) => sum + a.vector[k] * b.vector[k] * Math.exp(value), 0);
  const uu = covariance(across, across), vv = covariance(up, up), uv = covariance(across, up);
  const half = Math.hypot((uu - vv) / 2, uv), angle = Math.atan2(2 * uv, uu - vv) / 2;
  const long = Math.sqrt((uu + vv) / 2 + half), short = Math.sqrt(Math.max((uu + vv) / 2 - half, 0));
  context.strokeStyle = colour("--theirs");
  context.lineWidth = 2;
  for (const deviations of [1, 2]) {
    context.beginPath();
    for (let turn = 0; turn <= 64; turn++) {
      const a = deviations * long * Math.cos((turn * Math.PI) / 32), b = deviations * short * Math.sin((turn * Math.PI) / 32);
      const u = along(across, mean) + a * Math.cos(angle) - b * Math.sin(angle);
      const v = along(up, mean) + a * Math.sin(angle) + b * Math.cos(angle);
      context.lineTo(to.x(u), to.y(v));
    }
    context.stroke();
  }
}

// Move the code within the plane; what does not lie in the plane stays as it is.
function moveTo(u, v) {
  const du = u - along(plane.across, state.code), dv = v - along(plane.up, state.code);
  setCode(state.code.map((z, k) => z + du * plane.across.vector[k] + dv * plane.up.vector[k]));
}

function nearest(u, v) {
  const wide = plane.u[1] - plane.u[0], high = plane.v[1] - plane.v[0];
  const shown = plane.dots.filter(({ label }) => !state.hidden.has(label));
  const far = (dot) => Math.hypot((dot.u - u) / wide, (dot.v - v) / high);
  return shown.reduce((best, dot) => (far(dot) < far(best) ? dot : best), shown[0]);
}

const labels = content.arrays["page: labels"] ? stored("page: labels").data : [];

function startMap() {
  const canvas = element("map"), small = element("small-map");
  const draw = () => [canvas, small].forEach((map) => map.clientWidth && drawMap(map));
  drawn.set(canvas, [draw]);
  const choosePlane = () => {
    const pca = element("plane").value === "axes", axes = stored("page: axes"), origin = stored("page: mean").data;
    const [across, up] = pca ? [0, 1].map((n) => ({ vector: row(axes, n), origin }))
      : ["across", "up"].map((id) => directionOf(Number(element(id).value)));
    document.querySelectorAll(".numbers").forEach((label) => (label.hidden = pca));
    plane = planeOf(across, up);
    draw();
  };
  for (const [id, start] of [["across", 0], ["up", 1]]) {
    content.order.forEach((k) => element(id).append(new Option(`z${k + 1}`, k)));
    element(id).value = content.order[start];
    element(id).onchange = () => { // two directions, never one twice
      const other = element(id === "up" ? "across" : "up");
      if (other.value === element(id).value) other.value = content.order.find((k) => k !== Number(element(id).value));
      choosePlane();
    };
  }
  element("plane").onchange = choosePlane;
  content.classes.forEach((name, label) => {
    if (content.classes.length < 2 || !labels.includes(label)) return;
    const button = document.createElement("button"), swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = classColour(label);
    button.append(swatch, name);
    button.title = name;
    button.setAttribute("aria-pressed", true);
    button.onclick = () => {
      const gone = state.hidden.delete(label) || !state.hidden.add(label);
      button.setAttribute("aria-pressed", gone);
      draw();
    };
    element("legend").append(button);
  });
  const at = ({ offsetX, offsetY }) => {
    const to = scales(canvas.clientWidth, canvas.clientHeight);
    return [to.u(offsetX), to.v(offsetY)];
  };
  canvas.onpointermove = (event) => moveTo(...at(event));
  canvas.onclick = (event) => take(nearest(...at(event)));
  canvas.onkeydown = (event) => {
    const [du, dv] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    const here = [along(plane.across, state.code), along(plane.up, state.code)];
    if (event.key === "Enter") take(nearest(...here));
    if (du === undefined) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.02;
    moveTo(here[0] + du * step * (plane.u[1] - plane.u[0]), here[1] + dv * step * (plane.v[1] - plane.v[0]));
  };
  const take = (dot) => {
    if (!dot) return;
    setCode(dot.code);
    element("under-cursor").textContent = `the code of a test example of class ${content.classes[dot.label]}`;
  };
  views.push(() => {
    const dot = nearest(along(plane.across, state.code), along(plane.up, state.code));
    element("under-cursor").textContent = dot ? `nearest example: class ${content.classes[dot.label]}` : "";
    draw();
  });
  choosePlane();
}
