// Search-as-you-type on a plain text box, after the ARIA combobox pattern with a listbox popup.
// Without this script the box is a text box whose text the server looks up.
"use strict";

(() => {
  const DELAY_MS = 150;

  const announcer = document.createElement("div");
  announcer.className = "visually-hidden";
  announcer.setAttribute("role", "status");

  function enhance(input) {
    const field = input.closest("[data-suggest]");
    if (!field || input.getAttribute("role") === "combobox") return;
    const list = document.createElement("ul");
    list.id = `options-${input.dataset.combobox}`;
    list.className = "options";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.querySelector("label").textContent.trim());
    list.hidden = true;
    field.querySelector(".control").after(list);

    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);

    let timer = 0;
    let request = null;
    let active = -1;
    let halfTyped = false;

    const options = () => [...list.querySelectorAll('[role="option"]')];

    function close() {
      window.clearTimeout(timer);
      if (request) request.abort();
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function highlight(index) {
      const all = options();
      if (!all.length) return;
      active = (index + all.length) % all.length;
      all.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    }

    function choose(option) {
      input.value = option.dataset.value;
      halfTyped = false;
      for (const [key, value] of Object.entries(option.dataset)) {
        const other = key.startsWith("fill") && document.getElementById(`id_${key.slice(4).toLowerCase()}`);
        if (other) other.value = value;
      }
      close();
      settle();
    }

    // What stands in the box is meant: whoever listens to the form hears of it now.
    function settle() {
      halfTyped = false;
      input.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "chosen" }));
    }

    async function search(thenHighlight) {
      if (request) request.abort();
      request = new AbortController();
      const url = `${field.dataset.suggest}?q=${encodeURIComponent(input.value)}`;
      try {
        const response = await fetch(url, { signal: request.signal, headers: { Accept: "text/html" } });
        if (!response.ok) return close();
        list.innerHTML = await response.text();
      } catch {
        return; // A newer search took over, or the network is away: the text box still works.
      }
      if (document.activeElement !== input) return;
      list.hidden = false;
      active = -1;
      input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-expanded", "true");
      // A name that is complete already counts as chosen.
      const typed = input.value.trim().toLowerCase();
      if (halfTyped && options().some((option) => option.dataset.value.toLowerCase() === typed)) settle();
      announcer.textContent = list.querySelector("[data-announce]")?.dataset.announce ?? "";
      if (thenHighlight) highlight(thenHighlight === "last" ? -1 : 0);
    }

    input.addEventListener("input", (event) => {
      if (event.detail === "chosen") return;
      // Half a name is no wrong name: the form hears of it when it is chosen, or when the box is left.
      if (input.dataset.combobox !== "model") {
        event.stopPropagation();
        halfTyped = true;
      }
      window.clearTimeout(timer);
      if (!input.value.trim()) return close();
      timer = window.setTimeout(search, DELAY_MS);
    });

    input.addEventListener("keydown", (event) => {
      const open = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const down = event.key === "ArrowDown";
        if (open) highlight(active < 0 && !down ? -1 : active + (down ? 1 : -1));
        else search(down ? "first" : "last");
      } else if (event.key === "Enter" && open && active >= 0) {
        event.preventDefault();
        choose(options()[active]);
      } else if (event.key === "Escape") {
        // A search on its way must not open the list after all.
        if (open) event.preventDefault();
        close();
      }
    });

    input.addEventListener("blur", () => {
      close();
      if (halfTyped) settle();
    });
    // The box keeps the focus, so that a click on an option is not a blur first.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest('[role="option"]');
      if (option) choose(option);
    });
  }

  function enhanceAll(root) {
    root.querySelectorAll("input[data-combobox]").forEach(enhance);
  }

  document.body.append(announcer);
  enhanceAll(document);
  document.body.addEventListener("htmx:afterSettle", () => enhanceAll(document));
})();
