// A box that completes names: the pattern "combobox" of the ARIA Authoring Practices, with a list of choices.

const WAIT = 80; // milliseconds after a key

export function completeNames(input) {
  const list = document.createElement("ul");
  list.id = `${input.id}-choices`;
  list.className = "choices";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Names");
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let chosen = -1;
  let timer = 0;
  let asked = null;

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    list.replaceChildren();
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const choices = [...list.children];
    choices[chosen]?.setAttribute("aria-selected", "false");
    chosen = (place + choices.length) % choices.length;
    const choice = choices[chosen];
    choice.setAttribute("aria-selected", "true");
    choice.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", choice.id);
  }

  function take(choice) {
    input.value = choice.dataset.name;
    close();
  }

  function show(names) {
    const choices = names.map(({ name, description }, place) => {
      const choice = document.createElement("li");
      choice.id = `${list.id}-${place}`;
      choice.dataset.name = name;
      choice.setAttribute("role", "option");
      choice.setAttribute("aria-selected", "false");
      choice.textContent = name;
      const about = document.createElement("span");
      about.textContent = description;
      choice.append(about);
      choice.addEventListener("mousedown", (event) => { event.preventDefault(); take(choice); });
      return choice;
    });
    list.replaceChildren(...choices);
    chosen = -1;
    list.hidden = choices.length === 0;
    input.setAttribute("aria-expanded", String(choices.length > 0));
  }

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const address = new URL("/api/complete", location.href);
    address.searchParams.set("kind", input.dataset.complete);
    address.searchParams.set("text", input.value);
    try {
      const answer = await fetch(address, { signal: asked.signal });
      if (answer.ok && document.activeElement === input) show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") close(); // without completion, the box still works
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim()) timer = setTimeout(ask, WAIT);
    else close();
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key === "ArrowDown" && input.value.trim()) ask();
      return;
    }
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}
