// What pages do besides what they do without a script. Each file has one subject.
import { completeNames } from "./names.js";
import { showSamples } from "./scatter.js";

for (const input of document.querySelectorAll("input[data-complete]")) completeNames(input);
for (const plot of document.querySelectorAll(".scatter")) showSamples(plot);

// On a phone, the result comes first.
if (matchMedia("(max-width: 40rem)").matches) {
  for (const details of document.querySelectorAll("details.computed")) details.open = false;
}

// Addresses stay short: empty boxes are not part of them.
for (const form of document.querySelectorAll("form:not([method])")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === "") event.formData.delete(name);
    }
  });
}

// The page that is open, in the navigation.
for (const link of document.querySelectorAll("header nav a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}

// A button that copies a command.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll("pre.copied")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.innerText);
      button.textContent = "Copied";
    });
    block.after(button);
  }
}

// A box that leaves out rows of a table on the page.
for (const box of document.querySelectorAll("input[data-filters]")) {
  const rows = document.querySelectorAll(`#${box.dataset.filters} tbody tr`);
  box.addEventListener("input", () => {
    const text = box.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(text);
  });
}

// A statement that runs: leaving the page stops it.
for (const form of document.querySelectorAll("form.sql")) {
  const cancel = form.querySelector(".cancel");
  form.addEventListener("submit", () => { cancel.hidden = false; });
  cancel.addEventListener("click", () => { window.stop(); cancel.hidden = true; });
  window.addEventListener("pageshow", () => { cancel.hidden = true; });
}
