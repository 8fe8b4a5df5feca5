/* The pages about events: pausing the live log, suggestions for filters, copying a secret. */
const pause = document.querySelector("[data-pause]");
const LONGEST = 500;
let paused = false;

if (pause) {
  const state = document.querySelector("[data-live]");
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    state.textContent = paused ? state.dataset.paused : state.dataset.live;
    state.classList.toggle("oms-status-active", !paused);
    state.classList.toggle("oms-status-deprecated", paused);
  });
  const ours = (event) => event.detail.elt?.id === "oms-tail";
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (ours(event) && (paused || document.hidden)) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "oms-tail") return;
    if (paused) event.detail.shouldSwap = false;
    // Signed out meanwhile: the sign-in page comes back instead.
    else if (!event.detail.xhr.responseURL.includes("/tail/")) {
      event.detail.shouldSwap = false;
      window.location.reload();
    }
  });
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const list = event.detail.target;
    if (list?.id !== "oms-events") return;
    while (list.children.length > LONGEST) list.lastElementChild.remove();
  });
}

document.querySelectorAll("[data-add]").forEach((button) => {
  button.addEventListener("click", () => {
    const box = document.getElementById(button.dataset.add);
    const lines = box.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!lines.includes(button.dataset.text)) lines.push(button.dataset.text);
    box.value = lines.join("\n");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
});

document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", async () => {
    const box = document.getElementById(button.dataset.copy);
    box.select();
    try {
      await navigator.clipboard.writeText(box.value);
    } catch {
      return; // it is selected: the keyboard copies it
    }
    button.querySelector("span:last-child").textContent = button.dataset.copied;
  });
});
