/* Editing forms: rows move and go at once; what changes a form's shape is drawn by the server and
   put in place without losing what is typed. */
import { startPickers } from "./picker.js";

export function startEditing(form) {
  let changed = Boolean(document.querySelector("#oms-errors, .oms-preview"));
  let leaving = false;

  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("change", () => { changed = true; });
  window.addEventListener("beforeunload", (event) => {
    if (changed && !leaving) {
      event.preventDefault();
      event.returnValue = form.dataset.leave;
    }
  });
  document.querySelectorAll("[data-cancel]").forEach((link) => {
    link.addEventListener("click", () => { leaving = true; });
  });

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.name !== "_do") {
      leaving = true;
      return;
    }
    event.preventDefault();
    changed = true;
    const row = button.closest("[data-row]");
    const act = button.dataset.do;
    if (act === "remove") removeRow(row);
    else if (act === "up" || act === "down") moveRow(row, act, button);
    else redraw(button);
  });

  function removeRow(row) {
    const neighbour = row.nextElementSibling || row.previousElementSibling;
    const list = row.closest("[data-list]");
    row.remove();
    const next = neighbour && neighbour.matches("[data-row]")
      ? neighbour.querySelector("input:not([type=hidden]), textarea")
      : list.querySelector("button[value^='add:']");
    if (next) next.focus();
  }

  function moveRow(row, act, button) {
    const other = act === "up" ? row.previousElementSibling : row.nextElementSibling;
    if (other && other.matches("[data-row]")) {
      if (act === "up") other.before(row);
      else other.after(row);
    }
    button.focus();
  }

  async function redraw(button) {
    const data = new FormData(form, button);
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: data });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("form[data-edit]");
      if (!fresh) throw new Error(String(answer.status));
      form.replaceChildren(...fresh.childNodes);
      prepare(form);
      const next = form.querySelector("[data-focus]")
        || form.querySelector(`#f-${CSS.escape(data.get("_do").split(":")[1].replaceAll(".", "-"))} .oms-row-details :is(input:not([type=hidden]), textarea, select)`);
      if (next) next.focus();
    } catch {
      // Whatever went wrong, the plain way shows it.
      leaving = true;
      const plain = document.createElement("input");
      plain.type = "hidden";
      plain.name = "_do";
      plain.value = button.value;
      form.append(plain);
      form.submit();
    }
  }

  prepare(form);
}

function prepare(form) {
  startPickers(form);
  form.querySelectorAll("[data-record]").forEach((record) => {
    const on = record.querySelector(":scope > legend [data-record-on]");
    const body = record.querySelector(":scope > .oms-record-body");
    const show = () => { body.hidden = !on.checked; };
    on.addEventListener("change", show);
    show();
  });
}
