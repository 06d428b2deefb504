// Draws the power of a measurement while it runs: asks for what is new once a second, and adds it to the lines.
"use strict";

(() => {
  const figure = document.querySelector("figure[data-power]");
  if (!figure) return;
  const drawing = figure.querySelector("[data-drawing]");
  const lang = document.documentElement.lang;
  const NS = "http://www.w3.org/2000/svg";
  const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [280, 64, 12, 10, 40];
  const DASHES = ["", "6 3", "2 3"];
  const EVERY_MS = 1000;
  const LATER_MS = 5000;

  let state = JSON.parse(document.getElementById("power-data").textContent);

  const make = (name, attributes, text) => {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const niceStep = (most, count) => {
    const rough = most / count;
    const size = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((factor) => factor * size).find((step) => step >= rough * (1 - 1e-9));
  };

  const number = (amount) => amount.toLocaleString(lang, { maximumSignificantDigits: 3 });

  const styled = (place, total) => {
    if (total) return { stroke: "var(--ink)", "stroke-width": 2 };
    const dashes = DASHES[Math.floor(place / 7) % DASHES.length];
    const style = { stroke: `var(--chart-${(place % 7) + 1})`, "stroke-width": 1.75 };
    return dashes ? { ...style, "stroke-dasharray": dashes } : style;
  };

  const linesOf = () => {
    const lines = state.components.map((part) => ({
      label: part.label,
      powers: state.points.map(([, , powers]) => powers[part.name]),
    }));
    const counted = state.components.filter((part) => part.counted).map((part) => part.name);
    if (counted.length > 1) {
      const sum = (powers) => counted.reduce((all, name) => all + (powers[name] ?? 0), 0);
      lines.push({ label: figure.dataset.total, total: true, powers: state.points.map(([, , powers]) => sum(powers)) });
    }
    return lines;
  };

  const draw = () => {
    // As wide as there is room, so that letters stay as large as the text around them.
    const WIDTH = Math.max(Math.round(drawing.clientWidth), 280);
    const lines = linesOf();
    const mostW = Math.max(0, ...lines.flatMap((line) => line.powers.filter((power) => power !== undefined))) || 1;
    const passedS = state.points.length ? state.points[state.points.length - 1][0] : 1;
    const stepW = niceStep(mostW, 4);
    const topW = stepW * Math.ceil(mostW / stepW - 1e-9);
    const x = (atS) => LEFT + ((WIDTH - LEFT - RIGHT) * atS) / passedS;
    const y = (power) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * power) / topW;
    const old = drawing.querySelector(":scope > svg");
    const svg = make("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": old?.getAttribute("aria-label") ?? "",
      "font-family": "Source Sans Pro, sans-serif",
      "font-size": 13,
      "data-points": state.points.length,
    });
    for (let power = 0; power <= topW * (1 + 1e-9); power += stepW) {
      svg.append(make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(power), y2: y(power), stroke: "var(--line)" }));
      const words = power ? `${number(power)} W` : number(power);
      svg.append(make("text", { x: LEFT - 8, y: y(power) + 4, "text-anchor": "end", fill: "var(--ink-soft)" }, words));
    }
    const [unitS, unit] =
      passedS < 180 ? [1, figure.dataset.unitSeconds] : passedS < 10800 ? [60, figure.dataset.unitMinutes] : [3600, figure.dataset.unitHours];
    const step = niceStep(passedS / unitS, WIDTH < 500 ? 4 : 8);
    for (let at = 0; at * unitS <= passedS * (1 + 1e-9); at += step) {
      svg.append(
        make("text", { x: x(at * unitS), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle", fill: "var(--ink-soft)" }, number(at)),
      );
    }
    svg.append(make("text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end", fill: "var(--ink-soft)" }, unit));
    lines.forEach((line, place) => {
      let path = "";
      let lastS;
      line.powers.forEach((power, at) => {
        const [endS, durationS] = state.points[at];
        if (power === undefined) {
          lastS = undefined;
          return;
        }
        const startS = Math.max(endS - durationS, 0);
        const joins = lastS !== undefined && startS - lastS <= 0.5 * durationS;
        path += joins ? `V${y(power).toFixed(1)}` : `M${x(startS).toFixed(1)} ${y(power).toFixed(1)}`;
        path += `H${x(endS).toFixed(1)}`;
        lastS = endS;
      });
      if (path) svg.append(make("path", { d: path, fill: "none", ...styled(place, line.total) }));
    });
    if (old) old.replaceWith(svg);
    else drawing.append(svg);
    keys(lines);
  };

  const keys = (lines) => {
    const words = lines.map((line) => line.label).join("\n");
    const old = drawing.querySelector(".power-keys");
    if (old?.dataset.words === words) return;
    const list = document.createElement("ul");
    list.className = "power-keys";
    list.dataset.words = words;
    lines.forEach((line, place) => {
      const item = document.createElement("li");
      const swatch = make("svg", { viewBox: "0 0 28 12", "aria-hidden": "true" });
      swatch.append(make("line", { x1: 0, x2: 28, y1: 6, y2: 6, ...styled(place, line.total) }));
      item.append(swatch, line.label);
      list.append(item);
    });
    if (old) old.replaceWith(list);
    else drawing.prepend(list);
  };

  // What is new; all of it where the points have become too many and were summed up.
  const take = (told) => {
    if (told.step_s !== state.step_s) {
      state = told;
      return;
    }
    const first = told.points.length ? told.points[0][0] : Infinity;
    const kept = state.points.filter(([endS]) => endS < first - 1e-9);
    state = { ...told, points: [...kept, ...told.points] };
  };

  const ask = async () => {
    let wait = EVERY_MS;
    try {
      const answer = await fetch(`${figure.dataset.power}?step_s=${state.step_s}&after=${state.next_from}`, {
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      const isNew = told.points.length > 0 || told.step_s !== state.step_s;
      take(told);
      if (isNew) {
        figure.closest("section")?.toggleAttribute("hidden", !state.points.length);
        draw();
      }
    } catch {
      wait = LATER_MS; // the server is away: what is drawn stays
    }
    if (!state.is_over) window.setTimeout(ask, document.hidden ? LATER_MS : wait);
  };

  draw();
  let width = drawing.clientWidth;
  new ResizeObserver(() => {
    if (drawing.clientWidth === width) return;
    width = drawing.clientWidth;
    draw();
  }).observe(drawing);
  if (!state.is_over) window.setTimeout(ask, EVERY_MS);
})();
