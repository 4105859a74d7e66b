// Puts the page together: what the model can do decides which parts are shown.

// Numbers of N(0, 1), by Box and Muller's formula
function gaussianNoise() {
  const radius = () => Math.sqrt(-2 * Math.log(1 - Math.random()));
  return Float32Array.from({ length: content.latent }, () => radius() * Math.cos(2 * Math.PI * Math.random()));
}

function startCode() {
  views.push(() => ask("code", "decode", state.code, (values) => show(element("decoded"), values)));
  if (can.has("map")) startMap();
  startSliders();
  element("average").onclick = () => setCode(stored("page: mean").data);
  element("random").onclick = () => setCode(gaussianNoise());
}

const squaredError = (x, y) => x.reduce((sum, v, n) => sum + (v - y[n]) ** 2, 0) / x.length;
const decibels = (x, y) => `${(-10 * Math.log10(Math.max(squaredError(x, y), 1e-10))).toFixed(1)} dB`;

// What the model makes of the input, whenever that changes
function inputChanged() {
  const x = pad.values;
  if (can.has("encode")) {
    ask("encode", "encode", x, (mean, logVar) => {
      if (logVar) state.gaussian = { mean, logVar };
      setCode(mean);
    });
  }
  if (can.has("reconstruct")) {
    ask("reconstruct", "reconstruct", x, (y) => {
      if (lines) plot(element("series"), [[x, "--text"], [y, "--theirs", true]]);
      else paint(element("reconstructed"), y, content.shape);
      element("error").textContent = `error ${squaredError(x, y).toPrecision(2)}`;
      if (can.has("sequences")) showErrors(x, y);
    });
  }
  if (can.has("classify")) ask("classify", "classify", x, showClasses);
  if (can.has("restore")) {
    ask("damage", "damage", x, (damaged) => {
      paint(element("damaged"), damaged, content.programs.restore.input.slice(1));
      const after = (program, id) => ask(program, program, damaged, (y) => {
        paint(element(id), y, content.shape);
        element(`${id}-quality`).textContent = decibels(x, y);
      });
      if (can.has("baseline")) after("baseline", "baseline");
      after("restore", "restored");
    });
  }
}

// A bar for each class
function showClasses(probabilities) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  [...element("classes").children].forEach((bar, k) => {
    const percent = 100 * probabilities[k];
    bar.classList.toggle("best", k === best);
    bar.querySelector("span").style.width = `${percent}%`;
    bar.querySelector("output").textContent = `${percent.toFixed(1)} %`;
  });
}

function startInput() {
  const examples = stored("page: examples"), kinds = stored("page: example labels").data;
  const scale = examples.data instanceof Uint8Array ? 255 : 1, example = (n) => [...row(examples, n)].map((v) => v / scale);
  if (can.has("lines")) startSeries();
  else startPad();
  content.classes.forEach((name) => {
    const bar = document.createElement("div"), title = document.createElement("b"), frame = document.createElement("i");
    bar.className = "bar";
    title.textContent = title.title = name;
    frame.append(document.createElement("span"));
    bar.append(title, frame, document.createElement("output"));
    element("classes").append(bar);
  });
  for (let n = 0; n < examples.shape[0]; n++) {
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    const name = content.classes.length > 1 ? content.classes[kinds[n]] : `example ${n + 1}`;
    button.title = name;
    button.setAttribute("aria-label", `take a test example: ${name}`);
    button.append(canvas);
    button.onclick = () => setInput(example(n));
    element("gallery").append(button);
    show(canvas, example(n));
  }
  pad.changed = inputChanged;
  setInput(example(lines ? 0 : Math.floor(examples.shape[0] / 5)));
}

function start() {
  for (const part of document.querySelectorAll("[data-needs]")) {
    const fits = (need) => (need[0] === "!" ? !can.has(need.slice(1)) : can.has(need));
    part.hidden = !part.dataset.needs.split(" ").every(fits);
  }
  const [title, purpose = ""] = content.summary.split(/: (.*)/);
  document.title = `${content.name} · ${content.data}`;
  element("title").textContent = title;
  const epochs = `${content.epochs} epoch${content.epochs === 1 ? "" : "s"}`;
  const sentence = purpose && `${purpose[0].toUpperCase()}${purpose.slice(1)}. `;
  element("summary").textContent = `${sentence}Trained for ${epochs} on ${content.data}.`;
  document.querySelectorAll(".latent").forEach((place) => (place.textContent = content.latent));
  if (can.has("decode")) startCode();
  if (can.has("input")) startInput();
  if (can.has("encode")) {
    const codes = stored("page: codes");
    Object.assign(ends, { a: row(codes, 0), b: farthest(codes, row(codes, 0)) });
    startPath();
  } else if (can.has("decode")) {
    Object.assign(ends, { a: gaussianNoise(), b: gaussianNoise() });
    startPath();
    setCode(gaussianNoise());
  }
  for (const [name, program] of Object.entries(content.programs)) {
    const list = element("programs").appendChild(document.createElement("p"));
    const steps = program.steps.map(({ operation, shape }) => `${operation} [${shape.slice(1).join(", ")}]`);
    list.append(Object.assign(document.createElement("b"), { textContent: name }));
    list.append(` [${program.input.slice(1).join(", ")}] → ${steps.join(" → ")}`);
  }
}

start();
