/* The hierarchy: children on demand, the keys of a tree, search while typing.
   Keys follow the ARIA Authoring Practices, "Tree View". */
export function startTree(box) {
  const body = box.querySelector("[data-tree-body]");
  const filter = box.querySelector("[data-tree-filter]");
  const status = box.querySelector("[data-tree-status]");
  const whole = body.innerHTML;
  let asked = 0;
  let typed = "";
  let typedAt = 0;

  const nodes = () => [...body.querySelectorAll("[role=treeitem]")]
    .filter((node) => node.offsetParent !== null);

  function rove(node, focus = true) {
    body.querySelectorAll("[role=treeitem]").forEach((one) => { one.tabIndex = -1; });
    if (!node) return;
    node.tabIndex = 0;
    if (focus) {
      node.focus({ preventScroll: true });
      node.scrollIntoView({ block: "nearest" });
    }
  }

  function settle() {
    const current = body.querySelector("[aria-current]");
    rove(current || body.querySelector("[role=treeitem]"), false);
    // Scrolls the panel only; the page stays where it is.
    if (current) body.scrollTop += current.getBoundingClientRect().top
      - body.getBoundingClientRect().top - body.clientHeight / 3;
  }

  function address(query) {
    const url = new URL(box.dataset.tree, window.location.href);
    Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, value));
    return url;
  }

  async function part(query) {
    const answer = await fetch(address(query), { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return answer.text();
  }

  async function expand(node) {
    if (node.getAttribute("aria-expanded") !== "false") return;
    let group = document.getElementById(node.dataset.group);
    if (!group) {
      node.setAttribute("aria-busy", "true");
      try {
        const html = await part({
          parent: node.dataset.rid,
          level: Number(node.getAttribute("aria-level")) + 1,
        });
        group = document.createElement("ul");
        group.setAttribute("role", "group");
        group.id = node.dataset.group;
        group.innerHTML = html;
        group.querySelectorAll("[role=treeitem]").forEach((one) => { one.tabIndex = -1; });
        node.parentElement.append(group);
      } catch {
        status.textContent = box.dataset.failed;
        return;
      } finally {
        node.removeAttribute("aria-busy");
      }
    }
    group.hidden = false;
    node.setAttribute("aria-owns", group.id);
    node.setAttribute("aria-expanded", "true");
  }

  function collapse(node) {
    if (node.getAttribute("aria-expanded") !== "true") return false;
    const group = document.getElementById(node.dataset.group);
    if (group) group.hidden = true;
    node.setAttribute("aria-expanded", "false");
    return true;
  }

  const above = (node) => {
    const group = node.closest("ul[role=group]");
    return group ? group.parentElement.querySelector("[role=treeitem]") : null;
  };

  body.addEventListener("click", (event) => {
    const node = event.target.closest("[role=treeitem]");
    if (!node || !event.target.closest(".oms-twist") || !node.hasAttribute("aria-expanded")) return;
    event.preventDefault();
    rove(node);
    if (!collapse(node)) expand(node);
  });

  body.addEventListener("keydown", async (event) => {
    const node = event.target.closest("[role=treeitem]");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = nodes();
    const here = all.indexOf(node);
    switch (event.key) {
      case "ArrowDown": rove(all[here + 1] || node); break;
      case "ArrowUp": rove(all[here - 1] || node); break;
      case "Home": rove(all[0]); break;
      case "End": rove(all[all.length - 1]); break;
      case "ArrowRight":
        if (node.getAttribute("aria-expanded") === "false") await expand(node);
        else if (node.getAttribute("aria-expanded") === "true") rove(all[here + 1] || node);
        break;
      case "ArrowLeft":
        if (!collapse(node)) rove(above(node) || node);
        break;
      case "*":
        event.preventDefault();
        await Promise.all(
          [...node.parentElement.parentElement.querySelectorAll(":scope > li > [role=treeitem]")]
            .map(expand),
        );
        return;
      case " ":
        node.click();
        break;
      default:
        if (event.key.length !== 1 || event.key === "/") return;
        typed = Date.now() - typedAt > 800 ? event.key : typed + event.key;
        typedAt = Date.now();
        rove(startingWith(all, here, typed.toLowerCase()) || node);
    }
    event.preventDefault();
  });

  function startingWith(all, here, text) {
    const from = text.length > 1 ? here : here + 1;
    return [...all.slice(from), ...all.slice(0, from)]
      .find((one) => one.textContent.trim().toLowerCase().startsWith(text));
  }

  let timer = 0;
  filter.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(search, 150);
  });

  async function search() {
    const text = filter.value.trim();
    const ticket = ++asked;
    if (!text) {
      body.innerHTML = whole;
      status.textContent = "";
      settle();
      return;
    }
    try {
      const html = await part({ q: text });
      if (ticket !== asked) return;
      body.innerHTML = html;
      const found = body.querySelectorAll(".oms-matched").length;
      status.textContent = found ? box.dataset.some.replace("{n}", found) : box.dataset.none;
      settle();
    } catch {
      if (ticket === asked) status.textContent = box.dataset.failed;
    }
  }

  filter.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      rove(body.querySelector(".oms-matched") || body.querySelector("[role=treeitem]"));
      event.preventDefault();
    } else if (event.key === "Enter") {
      const found = body.querySelector(".oms-matched");
      if (filter.value.trim() && found) found.click();
      event.preventDefault();
    } else if (event.key === "Escape" && filter.value) {
      filter.value = "";
      search();
      event.preventDefault();
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const side = box.closest("details");
    if (side) side.open = true;
    filter.focus();
    filter.select();
    event.preventDefault();
  });

  settle();
}
