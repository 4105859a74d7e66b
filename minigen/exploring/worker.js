// The worker: it keeps the weights, and answers one question after the other, while the page stays alive.

let known = {};

onmessage = ({ data: message }) => {
  if (message.weights) known = message;
  else postMessage(run(known.programs[message.program], known.weights, message.x));
};
