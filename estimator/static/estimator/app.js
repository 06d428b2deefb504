// Small helps on top of pages that work without script.
"use strict";

(() => {
  // What an error says beside a field, the field itself says to assistive technology.
  function markFields() {
    document.querySelectorAll("[data-field]").forEach((field) => {
      const control = field.querySelector("input, select");
      const messages = field.querySelector(".messages");
      if (!control || !messages) return;
      if (messages.querySelector(".field-error")) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    });
    const expert = document.querySelector("details.expert");
    if (expert && expert.querySelector(".field-error, .field-warning")) expert.open = true;
  }

  document.addEventListener("click", async (event) => {
    const fill = event.target.closest("[data-fill]");
    if (fill) {
      const input = document.getElementById(fill.dataset.fill);
      if (!input) return;
      event.preventDefault();
      input.value = fill.dataset.value;
      input.focus();
      input.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "chosen" }));
      return;
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      try {
        await navigator.clipboard.writeText(copy.dataset.copy);
        copy.querySelector("[data-copied]").hidden = false;
      } catch {
        window.prompt(copy.textContent.trim(), copy.dataset.copy);
      }
    }
  });

  // A link to a field inside the Expert part opens it first.
  function openAround(hash) {
    const target = hash.length > 1 && document.getElementById(hash.slice(1));
    const details = target && target.closest("details");
    if (details) details.open = true;
    return target;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const target = link && openAround(link.getAttribute("href"));
    if (target && target.matches("input, select")) {
      event.preventDefault();
      target.focus();
      target.scrollIntoView({ block: "center" });
    }
  });

  // Buttons that need this script stay hidden without it.
  function showScripted() {
    document.querySelectorAll("[data-scripted]").forEach((element) => (element.hidden = false));
  }

  document.body.addEventListener("htmx:afterSettle", () => {
    markFields();
    showScripted();
  });

  showScripted();
  openAround(window.location.hash);
  document.querySelector("[data-focus]")?.focus();
})();
