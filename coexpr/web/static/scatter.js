// A scatter plot: which sample is under the pointer, and the samples of one structure or donor.

const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

export function showSamples(plot) {
  const status = document.getElementById("sample");
  const hint = "Point at a sample, or press the arrow keys in the plot, to see its structure and donor.";
  const groups = [...plot.querySelectorAll(".points")];
  const buttons = [...plot.querySelectorAll(".legend button")];
  const samples = [...plot.querySelectorAll(".points circle")].sort((a, b) => a.cx.baseVal.value - b.cx.baseVal.value);
  const drawing = plot.querySelector("svg");
  let current = null;
  status.textContent = hint;

  function show(sample) {
    current?.classList.remove("current");
    current = sample;
    current?.classList.add("current");
    status.textContent = current?.querySelector("title").textContent ?? hint;
  }

  plot.addEventListener("pointerover", (event) => {
    const sample = event.target.closest?.(".points circle");
    if (sample) show(sample);
  });
  plot.addEventListener("pointerleave", () => show(null));

  // The samples from left to right; those of the chosen groups only.
  drawing.setAttribute("role", "application");
  drawing.setAttribute("tabindex", "0");
  drawing.addEventListener("keydown", (event) => {
    const reached = samples.filter((sample) => !plot.matches(".chosen") || sample.parentNode.matches(".on"));
    const last = reached.length - 1;
    const place = reached.indexOf(current);
    if (event.key in STEPS) show(reached[Math.min(Math.max(place + STEPS[event.key], 0), last)]);
    else if (event.key === "Home") show(reached[0]);
    else if (event.key === "End") show(reached[last]);
    else if (event.key === "Escape") show(null);
    else return;
    event.preventDefault();
  });
  drawing.addEventListener("blur", () => show(null));

  function choose(button) {
    const isOn = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!isOn));
    const chosen = buttons.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.group);
    plot.classList.toggle("chosen", chosen.length > 0);
    for (const group of groups) group.classList.toggle("on", chosen.includes(group.dataset.group));
  }

  for (const button of buttons) button.addEventListener("click", () => choose(button));
  for (const group of groups) {
    group.addEventListener("click", () => choose(buttons.find((button) => button.dataset.group === group.dataset.group)));
  }
}
