// Steps through the backward pass: step k shows the k-th node that `backward` visits.
"use strict";
const { steps, needed } = JSON.parse(document.getElementById("steps").textContent);
const slider = document.getElementById("step");
const told = document.getElementById("told");
const play = document.getElementById("play");
const nodeOf = number => document.querySelector(`.node[data-node="${number}"]`);
const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
let timer = null;

function add(parent, tag, words, style) {
  const element = document.createElement(tag);
  element.textContent = words;
  if (style) element.className = style;
  parent.append(element);
  return element;
}

function show(step) {
  const passed = new Set(), arrived = {};
  steps.slice(0, step).forEach(visit => visit.sends.forEach(send => {
    passed.add(send.link);
    arrived[send.to] = (arrived[send.to] || 0) + 1;
  }));
  const visited = new Map(steps.slice(0, step).map((visit, n) => [visit.node, n]));
  const current = step ? steps[step - 1] : null;
  const here = new Set(current ? current.sends.map(send => send.link) : []);
  each(".node", element => {
    const number = Number(element.dataset.node);
    element.classList.toggle("visited", visited.has(number));
    element.classList.toggle("reached", !visited.has(number) && number in arrived);
    element.classList.toggle("current", current !== null && current.node === number);
  });
  each("[data-link]", element => {
    element.classList.toggle("passed", passed.has(Number(element.dataset.link)));
    element.classList.toggle("here", here.has(Number(element.dataset.link)));
  });
  document.getElementById("count").textContent = `step ${step} of ${steps.length}`;
  slider.value = step;
  slider.setAttribute("aria-valuetext", current ? current.title : "before the first step");
  tell(current, arrived);
  if (current) nodeOf(current.node).scrollIntoView({ block: "center", inline: "center" });
}

function tell(visit, arrived) {
  told.replaceChildren();
  if (!visit) {
    add(told, "h2", "Before the first step");
    add(told, "p", "The values are known. The backward pass starts at the result and visits the newest node first, so "
      + "that all gradients have arrived at a node when its turn comes.");
    add(told, "p", "Use the slider, the keys ← and →, or click a node.", "quiet");
    return;
  }
  add(told, "h2", visit.title);
  if (visit.about) add(told, "p", visit.about, "quiet");
  const shape = visit.shape === "number" && visit.value ? "" : visit.shape;
  add(told, "p", [shape, visit.settings, visit.value && `value ${visit.value}`].filter(Boolean).join(", "));
  if (visit.arrived) add(told, "p", `arrives: ${visit.arrived}`, "green");
  if (!visit.sends.length) {
    add(told, "p", visit.kind === "folded" ? "The steps inside this box are not shown one by one."
      : "Nothing made this tensor: its gradient is complete and stays here.");
  }
  visit.sends.forEach(send => {
    const known = !send.input || send.input === send.title;
    add(told, "h3", `to ${send.title}${known ? "" : ` (operand ${send.input})`}`);
    if (send.local) add(add(told, "p", ""), "code", send.local);
    if (send.sent) add(add(told, "p", "adds "), "code", send.sent);
    if (send.value) add(told, "p", send.value, "green");
    const has = arrived[send.to], all = needed[send.to];
    const sum = steps.find(later => later.node === send.to).arrived;
    add(told, "p", has < all ? `${send.title} has ${has} of ${all} gradients and waits.`
      : all > 1 ? `All ${all} gradients of ${send.title} have arrived. Their sum: ${sum}` : "", "quiet");
  });
}

function go(step) {
  show(Math.min(Math.max(step, 0), steps.length));
}

function stop() {
  clearInterval(timer);
  timer = null;
  play.textContent = "play";
}

slider.max = steps.length;
slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });
document.getElementById("back").addEventListener("click", () => { stop(); go(Number(slider.value) - 1); });
document.getElementById("next").addEventListener("click", () => { stop(); go(Number(slider.value) + 1); });
play.addEventListener("click", () => {
  if (timer) return stop();
  if (Number(slider.value) === steps.length) go(0);
  play.textContent = "pause";
  timer = setInterval(() => {
    go(Number(slider.value) + 1);
    if (Number(slider.value) === steps.length) stop();
  }, 1000);
});
document.addEventListener("keydown", event => {
  const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  stop();
  go(Number(slider.value) + moves[event.key]);
});
steps.forEach((visit, n) => {
  const element = nodeOf(visit.node);
  const open = () => { stop(); go(n + 1); };
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", `${visit.title}, step ${n + 1}`);
  element.addEventListener("click", open);
  element.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); }
  });
});
go(0);
