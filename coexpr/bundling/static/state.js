// What is shown, as part of the address: #correlates?gene=NTRK2. A link reproduces a result.

// Return the part of the page and its parameters.
export function currentState() {
  const [part, query = ""] = location.hash.slice(1).split(/\?(.*)/s);
  return { part, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

// Return the address of a part with parameters; empty ones are left out.
export function address(part, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined);
  return `#${part}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

// Change some parameters of the address, without another entry in the history.
export function changeParameters(changes) {
  const { part, parameters } = currentState();
  history.replaceState(null, "", address(part, { ...parameters, ...changes }));
}
