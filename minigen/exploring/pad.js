// The drawing pad: a picture of the model's size, in which one draws with the mouse, a finger or the keys.

const pad = { values: new Float32Array(count(content.shape)), changed: () => {} };

function setInput(values) {
  pad.values = Float32Array.from(values);
  if (!lines) paint(element("pad"), pad.values, content.shape);
  pad.changed();
}

function startPad() {
  const canvas = element("pad"), pen = { x: 0, y: 0, down: false, mark: element("pen") };
  const [C, H, W] = content.shape.length === 3 ? content.shape : [1, ...content.shape];
  const radius = Math.max(0.9, H / 28);

  // Ink in every pixel whose centre is nearer than the radius; half of it at the edge
  const dot = (x, y) => {
    const hex = parseInt(element("colour").value.slice(1), 16);
    const ink = C === 3 ? [hex >> 16, (hex >> 8) & 255, hex & 255].map((v) => v / 255) : Array(C).fill(1);
    const near = (middle, size) => [Math.max(0, Math.floor(middle - radius - 1)), Math.min(size, middle + radius + 1)];
    const [top, bottom] = near(y, H), [left, right] = near(x, W);
    for (let i = top; i < bottom; i++)
      for (let j = left; j < right; j++) {
        const amount = Math.min(Math.max(radius + 0.5 - Math.hypot(j + 0.5 - x, i + 0.5 - y), 0), 1);
        for (let c = 0; c < C; c++) {
          const at = (c * H + i) * W + j, old = pad.values[at], goal = element("erase").checked ? 0 : ink[c];
          pad.values[at] = C === 1 && goal ? Math.max(old, amount) : old + amount * (goal - old);
        }
      }
  };
  const lineTo = (x, y) => {
    const steps = Math.ceil(2 * Math.hypot(x - pen.x, y - pen.y)) || 1;
    for (let n = 1; n <= steps; n++) dot(pen.x + (n / steps) * (x - pen.x), pen.y + (n / steps) * (y - pen.y));
    Object.assign(pen, { x, y });
    setInput(pad.values);
  };
  const lift = () => {
    if (pen.down && can.has("digits") && element("centre").checked) setInput(centred(pad.values, H, W));
    pen.down = false;
  };
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * W, ((clientY - box.top) / box.height) * H];
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    [pen.x, pen.y] = at(event);
    pen.down = true;
    lineTo(pen.x, pen.y);
  };
  canvas.onpointermove = (event) => {
    if (pen.down) event.getCoalescedEvents().concat(event).forEach((part) => lineTo(...at(part)));
  };
  canvas.onpointerup = canvas.onpointercancel = lift;

  const mark = () => {
    pen.mark.style.left = `${(100 * pen.x) / W}%`;
    pen.mark.style.top = `${(100 * pen.y) / H}%`;
    pen.mark.classList.toggle("down", pen.down);
  };
  Object.assign(pen, { x: W / 2, y: H / 2 });
  mark();
  canvas.onkeydown = (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (event.key === " ") {
      if (pen.down) lift();
      else {
        pen.down = true;
        lineTo(pen.x, pen.y);
      }
    } else if (dx !== undefined) {
      const [x, y] = [Math.min(Math.max(pen.x + dx, 0), W), Math.min(Math.max(pen.y + dy, 0), H)];
      if (pen.down) lineTo(x, y);
      Object.assign(pen, { x, y });
    } else return;
    event.preventDefault();
    mark();
  };
  canvas.onblur = lift;
  element("clear").onclick = () => setInput(pad.values.fill(0));

  // A picture file, as large as fits
  const open = async (file) => {
    const picture = await createImageBitmap(file).catch(() => null), caption = element("pad-caption");
    caption.textContent = picture ? "your picture" : `${file.name}: not a picture that this browser reads`;
    if (!picture) return;
    const sheet = new OffscreenCanvas(W, H).getContext("2d");
    const scale = Math.min(W / picture.width, H / picture.height);
    const [w, h] = [picture.width * scale, picture.height * scale];
    sheet.imageSmoothingQuality = "high";
    sheet.drawImage(picture, (W - w) / 2, (H - h) / 2, w, h);
    const rgba = sheet.getImageData(0, 0, W, H).data;
    const grey = (n) => 0.299 * rgba[4 * n] + 0.587 * rgba[4 * n + 1] + 0.114 * rgba[4 * n + 2];
    setInput(pad.values.map((_, at) => (C === 3 ? rgba[4 * (at % (H * W)) + Math.floor(at / (H * W))] : grey(at)) / 255));
  };
  element("file").onchange = ({ target }) => target.files[0] && open(target.files[0]);
  const frame = element("pad-frame");
  frame.ondragover = (event) => { event.preventDefault(); frame.classList.add("dropping"); };
  frame.ondragleave = () => frame.classList.remove("dropping");
  frame.ondrop = (event) => {
    event.preventDefault();
    frame.classList.remove("dropping");
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  };
}

// The picture moved so that its centre of mass lies in the middle, as MNIST's digits do
function centred(values, H, W) {
  const mass = values.reduce((a, b) => a + b, 0), moved = new Float32Array(values.length);
  if (!mass) return values;
  const mean = (of) => values.reduce((sum, v, n) => sum + v * of(n), 0) / mass;
  const dx = Math.round((W - 1) / 2 - mean((n) => n % W)), dy = Math.round((H - 1) / 2 - mean((n) => Math.floor(n / W)));
  values.forEach((v, n) => {
    const x = (n % W) + dx, y = Math.floor(n / W) + dy;
    if (x >= 0 && x < W && y >= 0 && y < H) moved[y * W + x] = v;
  });
  return moved;
}
