// What the pages do beyond being read: the theme's button, countdowns, and whether updates arrive.
// All else is htmx; without either, every page can still be read, filtered and used by its forms.
(function () {
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    var chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : dark.matches;
  }

  function showTheme(button) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isDark()));
  }

  function chooseTheme(button) {
    var theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("peekd-theme", theme);
    } catch (error) {
      // it holds for this page
    }
    showTheme(button);
  }

  function left(seconds) {
    if (seconds <= 0) return "now";
    if (seconds < 60) return Math.ceil(seconds) + " s";
    if (seconds < 3600) return Math.floor(seconds / 60) + " min " + Math.floor(seconds % 60) + " s";
    return Math.floor(seconds / 3600) + " h " + Math.floor((seconds % 3600) / 60) + " min";
  }

  function countDown() {
    document.querySelectorAll("[data-until]").forEach(function (place) {
      place.textContent = left(Number(place.dataset.until) - Date.now() / 1000);
    });
  }

  function say(words) {
    var place = document.getElementById("live-state");
    if (place && place.textContent !== words) place.textContent = words;
  }

  var button = document.getElementById("theme");
  showTheme(button);
  button.addEventListener("click", function () {
    chooseTheme(button);
  });
  dark.addEventListener("change", function () {
    showTheme(button);
  });
  document.body.addEventListener("htmx:sseOpen", function () {
    say("Updated as requests come.");
  });
  document.body.addEventListener("htmx:sseError", function () {
    say("Not updated now: the connection to peekd is lost, and is tried again.");
  });
  setInterval(countDown, 1000);
})();
