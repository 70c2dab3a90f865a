(function () {
  "use strict";
  var bar = document.getElementById("filter");
  var cases = Array.prototype.slice.call(document.querySelectorAll("details.case"));
  var choices = Array.prototype.slice.call(bar.querySelectorAll("select"));
  function language() {
    return document.getElementById("say-zh").checked ? "zh" : "en";
  }
  function translate() {
    document.documentElement.lang = language() === "zh" ? "zh-Hans" : "en";
    bar.querySelectorAll("option").forEach(function (option) {
      option.textContent = option.getAttribute("data-" + language());
    });
  }
  function filter() {
    var shown = 0;
    cases.forEach(function (one) {
      one.hidden = !choices.every(function (choice) {
        return choice.value === "*" || choice.value === "=" + one.getAttribute("data-" + choice.dataset.by);
      });
      shown += one.hidden ? 0 : 1;
    });
    bar.querySelectorAll("[data-shown]").forEach(function (place) {
      place.textContent = String(shown);
    });
  }
  choices.forEach(function (choice) {
    choice.addEventListener("change", filter);
  });
  bar.querySelectorAll("[data-fold]").forEach(function (button) {
    button.addEventListener("click", function () {
      cases.forEach(function (one) {
        one.open = button.getAttribute("data-fold") === "open";
      });
    });
  });
  document.querySelectorAll('input[name="language"]').forEach(function (one) {
    one.addEventListener("change", translate);
  });
  translate();
  bar.hidden = cases.length === 0;
})();
