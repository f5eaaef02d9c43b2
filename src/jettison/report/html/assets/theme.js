"use strict";
// The theme that was chosen before; without a choice the system's own applies.
(() => {
  try {
    const chosen = localStorage.getItem("jettison-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // A page from a file may have no storage.
  }
})();
