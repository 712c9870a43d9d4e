// A scatter plot: which sample is under the pointer, and the samples of one structure or donor.

export function showSamples(plot) {
  const status = document.getElementById("sample");
  const hint = status?.textContent;
  const groups = [...plot.querySelectorAll(".points")];
  const buttons = [...plot.querySelectorAll(".legend button")];

  plot.addEventListener("pointerover", (event) => {
    const title = event.target.closest?.("circle")?.querySelector("title");
    if (title && status) status.textContent = title.textContent;
  });
  plot.addEventListener("pointerleave", () => { if (status) status.textContent = hint; });

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
