// Turns each still chart of a footprint into one that answers to the pointer, once it comes into view.
// Plotly is large, and costs a laptop half a second: it is fetched only then, once, and who never scrolls down to a
// chart is spared it. Until then, and without it, the still drawing and the table stand there.
"use strict";

(() => {
  if (window.wattprintCharts) return;
  window.wattprintCharts = true;

  const drawn = new Set();
  let plotly;

  // Plotly writes style elements into the page, which the Content-Security-Policy forbids, unless it finds these marks:
  // its own rules (those that our charts need are in footprint.css) and those of the maps in it, which we do not draw.
  const marks = ["plotly.js-style-global", "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53"];
  for (const id of marks) {
    const mark = document.createElement("meta");
    mark.id = id;
    mark.className = "no-inline-styles";
    document.head.append(mark);
  }

  const fetched = (url) => {
    plotly ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => done(window.Plotly);
      script.onerror = () => failed(new Error(`${url} did not load`));
      document.head.append(script);
    });
    return plotly;
  };

  // "var(--ink)" -> the colour that the present scheme gives it.
  const painted = (value, style) => {
    if (typeof value === "string") {
      return value.replace(/^var\((--[\w-]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
    }
    if (Array.isArray(value)) return value.map((item) => painted(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, style)]));
    }
    return value;
  };

  const draw = async (figure) => {
    const data = figure.querySelector('script[type="application/json"]');
    const live = figure.querySelector(".fp-live");
    const still = figure.querySelector(".fp-still");
    try {
      const library = await fetched(figure.dataset.plotly);
      const spec = painted(JSON.parse(data.textContent), getComputedStyle(figure));
      live.hidden = false;
      live.setAttribute("role", "img");
      live.setAttribute("aria-label", figure.dataset.alt);
      live.style.height = `${spec.layout.height}px`;
      still.hidden = true;
      await library.react(live, spec.data, spec.layout, { responsive: true, displayModeBar: false, scrollZoom: false });
      drawn.add(figure);
    } catch (problem) {
      live.hidden = true;
      still.hidden = false;
      console.warn("The chart stays as it is:", problem);
    }
  };

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  });

  const look = (root) => {
    for (const figure of drawn) {
      if (figure.isConnected) continue;
      window.Plotly?.purge(figure.querySelector(".fp-live"));
      drawn.delete(figure);
    }
    for (const figure of root.querySelectorAll("figure[data-chart]")) if (!drawn.has(figure)) seen.observe(figure);
  };

  const start = () => {
    look(document);
    document.body.addEventListener("htmx:afterSettle", () => look(document));
    document.body.addEventListener("htmx:historyRestore", () => look(document));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
