// A slider beside its number: either moves the other. Without this script the number stands alone.
"use strict";

(() => {
  const bench = document.querySelector(".scn-form");
  if (!bench) return;

  const comma = document.documentElement.lang !== "en";
  const number = (text) => Number.parseFloat(text.replace(",", "."));

  function follow(slider) {
    const twin = document.getElementById(slider.dataset.twin);
    const value = number(twin.value);
    if (Number.isFinite(value)) slider.value = String(value);
  }

  bench.querySelectorAll("[data-twin]").forEach(follow);

  bench.addEventListener("input", (event) => {
    const slider = event.target.closest("[data-twin]");
    if (slider) {
      const twin = document.getElementById(slider.dataset.twin);
      twin.value = comma ? slider.value.replace(".", ",") : slider.value;
      return;
    }
    const own = event.target.id && bench.querySelector(`[data-twin="${event.target.id}"]`);
    if (own) follow(own);
  });
})();
