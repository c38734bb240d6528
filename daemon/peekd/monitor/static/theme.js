// Light or dark, before anything is drawn: what was chosen here, else what the system prefers (by the style sheet).
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("peekd-theme");
  } catch (error) {
    // storage is switched off: the system's choice holds
  }
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
})();
