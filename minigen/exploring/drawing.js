// Pictures, series and bars on a canvas. All take numbers in [0, 1].

const lines = can.has("lines");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

// Show an example, a picture or a series, in a canvas
function show(canvas, values) {
  if (lines) plot(canvas, [[values, "--accent"]]);
  else paint(canvas, values, content.shape);
}

// [C, H, W], or the rows of a series as [T, D]: one pixel of the canvas for each; the style sheet makes it larger
function paint(canvas, values, shape) {
  const [C, H, W] = shape.length === 3 ? shape : [1, ...shape], area = H * W;
  canvas.width = W;
  canvas.height = H;
  canvas.classList.add("picture");
  canvas.classList.toggle("grey", C === 1);
  const image = new ImageData(W, H);
  for (let n = 0; n < area; n++) {
    for (let c = 0; c < 3; c++) image.data[4 * n + c] = Math.round(255 * values[(C === 3 ? c : 0) * area + n]);
    image.data[4 * n + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// A canvas with as many pixels as it has on the screen: its context, width and height, in the style sheet's pixels
function cleared(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas, ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return { context, width, height };
}

// What must be drawn again when a canvas's width or the colours change: a function and its arguments
const drawn = new Map();
const drawAgain = () => drawn.forEach(([draw, ...its]) => draw(...its));
addEventListener("resize", drawAgain);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAgain);

const MARGIN = 8;

// Series [T, D], given as [values, colour, dashed]
function plot(canvas, series) {
  drawn.set(canvas, [plot, canvas, series]);
  canvas.classList.add("line");
  const { context, width, height } = cleared(canvas), [T, D] = content.shape, margin = Math.min(MARGIN, height / 8);
  const x = (t) => margin + (t / Math.max(T - 1, 1)) * (width - 2 * margin);
  const y = (v) => height - margin - v * (height - 2 * margin);
  for (const [values, name, dashed] of series) {
    context.strokeStyle = colour(name);
    context.lineWidth = width > 150 ? 2 : 1.5;
    context.setLineDash(dashed ? [6, 4] : []);
    for (let d = 0; d < D; d++) {
      context.beginPath();
      for (let t = 0; t < T; t++) context.lineTo(x(t), y(values[t * D + d]));
      context.stroke();
    }
  }
}
