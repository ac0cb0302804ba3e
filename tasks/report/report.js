"use strict";
// The page is whole without this: it adds a filter, and opens what is folded before printing.
(() => {
  const box = document.getElementById("search");
  const input = document.getElementById("filter");
  const found = document.getElementById("found");
  const items = [...document.querySelectorAll(".person, .find")];
  const folds = [...document.querySelectorAll("details")];
  const sections = [...document.querySelectorAll("main section:has(.person, .find)")];
  window.addEventListener("beforeprint", () => folds.forEach((fold) => (fold.open = true)));
  if (!box || items.length < 2) return;
  box.hidden = false;

  const texts = items.map((item) => item.textContent.toLowerCase().replace(/\s+/g, " "));
  const wasOpen = new Map();

  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    items.forEach((item, n) => {
      const hit = words.every((word) => texts[n].includes(word));
      item.hidden = !hit;
      count += hit;
    });
    for (const fold of folds) {
      if (!wasOpen.has(fold)) wasOpen.set(fold, fold.open);
      fold.open = words.length ? fold.querySelector(":is(.person, .find):not([hidden])") !== null : wasOpen.get(fold);
      fold.hidden = words.length > 0 && !fold.open;
    }
    for (const section of sections) section.hidden = section.querySelector(":is(.person, .find):not([hidden])") === null;
    if (!words.length) wasOpen.clear();
    found.value = words.length ? `${count.toLocaleString("en")} found` : "";
  };

  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      show();
    }
  });
})();
