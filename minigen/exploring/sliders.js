// A slider for each number of the code, those that vary most first.

const FEW = can.has("encode") ? 12 : 24;

function startSliders() {
  const sliders = content.order.map((k, place) => {
    const label = document.createElement("label"), input = document.createElement("input");
    const output = document.createElement("output"), band = document.createElement("span");
    const [low, high] = content.ranges[k];
    label.className = "slider";
    label.hidden = place >= FEW;
    Object.assign(input, { type: "range", min: low, max: high, step: "any" });
    input.dataset.number = k;
    label.append(`z${k + 1}`, input, output);
    if (can.has("gaussian")) {
      const frame = document.createElement("span");
      frame.className = "band";
      frame.append(band);
      label.append(frame);
    }
    element("sliders").append(label);
    input.oninput = () => setCode(state.code.map((z, n) => (n === k ? Number(input.value) : z)));
    input.onkeydown = (event) => { // a step of a fiftieth, where the browser's own would be too small
      const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!direction) return;
      event.preventDefault();
      input.value = Number(input.value) + (direction * (high - low)) / 50;
      input.oninput();
    };
    return { k, input, output, band, low, high };
  });
  const more = element("more-sliders");
  more.hidden = sliders.length <= FEW;
  more.textContent = `Show all ${sliders.length}`;
  more.onclick = () => {
    sliders.forEach(({ input }) => (input.parentElement.hidden = false));
    more.hidden = true;
  };
  views.push(() => {
    for (const { k, input, output, band, low, high } of sliders) {
      const part = (z) => 100 * Math.min(Math.max((z - low) / (high - low), 0), 1);
      if (Number(input.value) !== state.code[k]) input.value = state.code[k];
      output.textContent = state.code[k].toFixed(2);
      if (!state.gaussian) continue;
      const deviation = Math.exp(state.gaussian.logVar[k] / 2), mean = state.gaussian.mean[k];
      band.style.left = `${part(mean - deviation)}%`;
      band.style.right = `${100 - part(mean + deviation)}%`;
    }
  });
}
