/* The console's scripts. Every page works without them; they make it quicker to use. */
import { startEditing } from "./editing.js";
import { startMenus } from "./menus.js";
import { startPickers } from "./picker.js";
import { startJob } from "./job.js";
import { startTree } from "./tree.js";

const first = document.querySelector("[data-focus]");
if (first) first.focus();

document.querySelectorAll("[data-tree]").forEach(startTree);
startMenus(document);
startPickers(document);
document.querySelectorAll("form[data-edit]").forEach(startEditing);
document.querySelectorAll("[data-poll]").forEach(startJob);

/* "Unfold all" of a difference. */
document.querySelectorAll("[data-unfold]").forEach((button) => {
  button.addEventListener("click", () => {
    const all = [...document.querySelectorAll("[data-foldable] details")];
    const unfold = all.some((one) => !one.open);
    all.forEach((one) => { one.open = unfold; });
    button.textContent = unfold ? button.dataset.fold : button.dataset.unfold;
  });
});

/* Writing an own value chooses it. */
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-own]")) return;
  const radio = event.target.parentElement.querySelector("input[type=radio]");
  if (radio) radio.checked = true;
});

/* Acts that cannot be taken back in one click ask once. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
});

/* In a narrow window the hierarchy starts folded: the page itself comes first. */
if (window.matchMedia("(max-width: 899px)").matches) {
  document.querySelectorAll("[data-side]").forEach((one) => { one.open = false; });
}

/* The tab of this page is in sight, also where the tabs need scrolling. */
document.querySelectorAll(".oms-tabs [aria-current], .oms-tabs .oms-tab-near").forEach((tab) => {
  tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
});
