/* Boxes for references: a combobox with a list of suggestions (ARIA "Combobox with list
   autocomplete"), and for several values one chip each. Without scripts they are text boxes. */
let count = 0;

export function startPickers(root) {
  root.querySelectorAll("[data-many]").forEach(makeChips);
  root.querySelectorAll("[data-pick]").forEach(makeCombobox);
}

function texts(element) {
  return element.closest("form").dataset;
}

function makeChips(field) {
  const many = field.querySelector(".oms-many");
  many.querySelectorAll("[data-chosen]").forEach((input) => {
    input.replaceWith(chip(input.name, input.value, many));
  });
}

function chip(name, value, many) {
  const element = document.createElement("span");
  element.className = "oms-chosen";
  const label = document.createElement("span");
  label.textContent = value.includes("://") ? value : value.split("/").pop();
  label.title = value;
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = name;
  hidden.value = value;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", texts(many).remove.replace("{name}", label.textContent));
  remove.addEventListener("click", () => {
    element.remove();
    hidden.form?.dispatchEvent(new Event("input", { bubbles: true }));
    many.dispatchEvent(new Event("input", { bubbles: true }));
    many.querySelector("[data-pick]").focus();
  });
  element.append(label, hidden, remove);
  return element;
}

function makeCombobox(input) {
  const url = texts(input).suggest;
  if (!url || input.getAttribute("role") === "combobox") return;
  const many = input.dataset.pick === "many" ? input.closest(".oms-many") : null;
  const list = document.createElement("ul");
  const said = document.createElement("span");
  const holder = document.createElement("span");
  count += 1;
  list.id = `oms-options-${count}`;
  list.className = "oms-options";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() || input.name);
  list.hidden = true;
  said.className = "oms-sr";
  said.setAttribute("role", "status");
  holder.className = "oms-pick";
  if (!many) holder.style.display = "block";
  input.replaceWith(holder);
  holder.append(input, list, said);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  let ticket = 0;
  let timer = 0;
  let waiting = Promise.resolve();
  let active = -1;

  const options = () => [...list.children];

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function activate(place) {
    const all = options();
    if (!all.length) return;
    active = (place + all.length) % all.length;
    all.forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
    all[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[active].id);
  }

  function choose(value) {
    if (many) {
      const taken = [...many.querySelectorAll("input[type=hidden]")].some((one) => one.value === value);
      if (!taken) many.insertBefore(chip(input.name, value, many), holder);
      input.value = "";
    } else {
      input.value = value;
    }
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
  }

  function ask() {
    window.clearTimeout(timer);
    timer = 0;
    waiting = suggest();
    return waiting;
  }

  async function suggest() {
    const mine = ++ticket;
    const address = new URL(url, window.location.href);
    address.searchParams.set("q", input.value.trim());
    address.searchParams.set("kinds", input.dataset.kinds || "");
    if (input.dataset.types) address.searchParams.set("types", "1");
    let items = [];
    try {
      const answer = await fetch(address);
      if (answer.ok) items = (await answer.json()).items;
    } catch { /* the box still takes what is typed */ }
    if (mine !== ticket || document.activeElement !== input) return;
    list.replaceChildren(...items.map(option));
    list.hidden = !items.length;
    active = -1;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
    const words = texts(input);
    said.textContent = items.length ? words.found.replace("{n}", items.length) : words.nothing;
  }

  function option(item, index) {
    const element = document.createElement("li");
    element.className = "oms-option";
    element.id = `${list.id}-${index}`;
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", "false");
    element.dataset.value = item.value;
    const symbol = document.createElement("span");
    symbol.className = "material-symbols-outlined oms-icon";
    symbol.setAttribute("aria-hidden", "true");
    symbol.textContent = item.icon;
    const name = document.createElement("span");
    name.textContent = item.label;
    const detail = document.createElement("small");
    detail.textContent = item.detail || item.kind;
    element.append(symbol, name, detail);
    // mousedown: the box loses the focus before a click arrives.
    element.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(item.value);
    });
    return element;
  }

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 120);
  });
  input.addEventListener("focus", ask);
  input.addEventListener("blur", () => {
    ticket += 1;
    if (many && input.value.trim()) choose(input.value.trim());
    close();
  });
  // Keys are answered in their order, also by somebody quicker than the server.
  let turn = Promise.resolve();
  let queued = 0;

  async function answer(key) {
    if (key === "Enter") {
      if (!list.hidden && active >= 0) choose(options()[active].dataset.value);
      else if (many && input.value.trim()) choose(input.value.trim());
      return;
    }
    // What is typed last counts.
    if (timer || list.hidden) ask();
    await waiting;
    activate(active + (key === "ArrowDown" ? 1 : active < 0 ? 0 : -1));
  }

  input.addEventListener("keydown", (event) => {
    const chooses = queued > 0 || (!list.hidden && active >= 0) || (many && input.value.trim());
    if (["ArrowDown", "ArrowUp"].includes(event.key) || (event.key === "Enter" && chooses)) {
      event.preventDefault();
      queued += 1;
      turn = turn.then(() => answer(event.key)).finally(() => { queued -= 1; });
    } else if (event.key === "Escape" && !list.hidden) {
      close();
      event.preventDefault();
    } else if (event.key === "Backspace" && many && !input.value) {
      const chips = many.querySelectorAll(".oms-chosen button");
      if (chips.length) chips[chips.length - 1].click();
    }
  });
}
