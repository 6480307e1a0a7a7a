"use strict";
// Comfort only: every page works without this file.
(() => {
  const queue = document.querySelector("[data-queue]");
  if (!queue) return;
  const rows = [...queue.querySelectorAll("[data-row]")];
  const boxes = rows.map((row) => row.querySelector("input[type=checkbox]")).filter(Boolean);
  const all = queue.querySelector("[data-all]");
  if (all) {
    all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
    boxes.forEach((box) => box.addEventListener("change", () => {
      all.checked = boxes.every((one) => one.checked);
    }));
  }
  let current = -1;
  const go = (step) => {
    current = Math.max(0, Math.min(rows.length - 1, current + step));
    rows.forEach((row, index) => row.classList.toggle("current", index === current));
    rows[current].querySelector("[data-open]").focus();
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    x: () => rows[current]?.querySelector("input[type=checkbox]")?.click(),
    a: () => rows[current]?.querySelector("[data-approve]")?.click(),
    d: () => rows[current]?.querySelector("[data-dismiss]")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
