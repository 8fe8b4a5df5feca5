/* Menus made of <details>: one open at a time, Escape and a click elsewhere close. */
export function startMenus(root) {
  const menus = [...root.querySelectorAll("[data-menu]")];
  const closeAll = (except) => menus.forEach((menu) => {
    if (menu !== except) menu.open = false;
  });
  menus.forEach((menu) => {
    menu.addEventListener("toggle", () => {
      if (!menu.open) return;
      closeAll(menu);
      const filter = menu.querySelector("[data-menu-filter]");
      if (filter) filter.focus();
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      // In a box for a time they change the time.
      if (event.target.matches("input:not([data-menu-filter])")) return;
      const items = [...menu.querySelectorAll(".oms-menu-body a, .oms-menu-body button")]
        .filter((item) => item.offsetParent !== null);
      if (!menu.open || !items.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const here = items.indexOf(document.activeElement);
      const next = here < 0 ? (step > 0 ? 0 : items.length - 1) : here + step;
      items[(next + items.length) % items.length].focus();
      event.preventDefault();
    });
    const filter = menu.querySelector("[data-menu-filter]");
    if (!filter) return;
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      menu.querySelectorAll("[data-menu-item]").forEach((item) => {
        item.hidden = !item.textContent.toLowerCase().includes(wanted);
      });
    });
    filter.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const found = [...menu.querySelectorAll("[data-menu-item]")].find((item) => !item.hidden);
      if (found) found.querySelector("a").click();
      event.preventDefault();
    });
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-menu]")) closeAll(null);
  });
}
