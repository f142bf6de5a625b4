// Lights what a column is made from and what is made from it. Everything is on the page; nothing is asked of anybody.
(() => {
  const links = JSON.parse(document.getElementById("links").textContent);
  const rows = [...document.querySelectorAll(".row")];
  const cards = [...document.querySelectorAll(".card")];
  const lanes = [...document.querySelectorAll(".lane")];
  const number = new Map(rows.map((row, at) => [row.dataset.key, at]));
  const texts = rows.map((row) => (row.closest(".card").dataset.title + " " + row.textContent).toLowerCase());
  const laneOf = rows.map((row) => lanes.indexOf(row.closest(".lane")));
  const $ = (id) => document.getElementById(id);
  const input = $("search"), weak = $("weak"), svg = $("curves"), flow = $("flow"), focus = $("focus");
  const step = { up: rows.map(() => []), down: rows.map(() => []) };
  for (const [source, target, carries] of links) {
    step.up[target].push([source, carries]);
    step.down[source].push([target, carries]);
  }
  let chosen = -1;

  const reach = (start, way) => {
    const seen = new Set();
    const waiting = [start];
    while (waiting.length) {
      for (const [next, carries] of step[way][waiting.pop()]) {
        if ((carries || weak.checked) && !seen.has(next)) {
          seen.add(next);
          waiting.push(next);
        }
      }
    }
    return seen;
  };

  const show = (visible) => {
    rows.forEach((row, at) => (row.hidden = !visible(at)));
    for (const card of cards) card.hidden = !card.querySelector(".row:not([hidden])");
    for (const lane of lanes) {
      const shown = lane.querySelectorAll(".row:not([hidden])").length;
      lane.querySelector("output").textContent = shown;
      lane.classList.toggle("empty", shown === 0);
    }
  };

  const box = (at, origin) => {
    const { left, right, top, height } = rows[at].getBoundingClientRect();
    return { left: left - origin.left, right: right - origin.left, y: top - origin.top + height / 2 };
  };

  const draw = (lit) => {
    svg.replaceChildren();
    if (chosen < 0 || getComputedStyle(svg).display === "none") return;
    const origin = flow.getBoundingClientRect();
    svg.setAttribute("viewBox", `0 0 ${origin.width} ${origin.height}`);
    for (const [source, target, carries] of links) {
      if (!lit.has(source) || !lit.has(target) || !(carries || weak.checked)) continue;
      const from = box(source, origin), to = box(target, origin);
      const within = laneOf[source] === laneOf[target];
      const start = within ? from.left : from.right;
      const bend = within ? -16 : Math.max(24, (to.left - start) / 2);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${start},${from.y} C${start + bend},${from.y} ${within ? to.left + bend : to.left - bend},${to.y} ${to.left},${to.y}`);
      path.setAttribute("class", carries ? "carries" : "places");
      svg.append(path);
    }
  };

  const describe = (up, down) => {
    focus.hidden = chosen < 0;
    if (chosen < 0) return;
    const row = rows[chosen];
    const said = (element) => [...element.childNodes].map((node) => node.cloneNode(true));
    $("chosen").replaceChildren(...said(row));
    $("where").replaceChildren(...said(row.closest(".card").querySelector("h3")));
    $("ups").textContent = up.size;
    $("downs").textContent = down.size;
    const meaning = $("meaning");
    if (meaning) {
      meaning.hidden = !row.dataset.anchor;
      meaning.href = meaning.dataset.page + "#" + row.dataset.anchor;
    }
  };

  const render = () => {
    const terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const up = chosen < 0 ? new Set() : reach(chosen, "up");
    const down = chosen < 0 ? new Set() : reach(chosen, "down");
    const lit = new Set([...up, ...down, chosen]);
    rows.forEach((row, at) => {
      row.classList.toggle("up", up.has(at));
      row.classList.toggle("down", down.has(at));
      row.setAttribute("aria-pressed", String(at === chosen));
    });
    document.body.classList.toggle("traced", chosen >= 0);
    if (chosen >= 0) show((at) => lit.has(at));
    else show((at) => terms.every((term) => texts[at].includes(term)));
    $("count").textContent = rows.filter((row) => !row.hidden).length;
    $("nothing").hidden = rows.some((row) => !row.hidden);
    describe(up, down);
    draw(lit);
  };

  const choose = (at) => {
    chosen = at;
    const hash = at < 0 ? "" : "#" + rows[at].dataset.key;
    if (decodeURIComponent(location.hash) !== hash) history.replaceState(null, "", location.pathname + location.search + hash);
    render();
    if (at >= 0 && scrollY > flow.offsetTop) flow.scrollIntoView();
  };

  const follow = () => choose(number.get(decodeURIComponent(location.hash.slice(1))) ?? -1);

  rows.forEach((row, at) => row.addEventListener("click", () => choose(at === chosen ? -1 : at)));
  input.addEventListener("input", () => choose(-1));
  weak.addEventListener("change", render);
  $("reset").addEventListener("click", () => { input.value = ""; choose(-1); });
  addEventListener("hashchange", follow);
  addEventListener("resize", render);
  for (const language of document.querySelectorAll("[name=language]")) {
    language.addEventListener("change", () => {
      input.placeholder = $("to-en").checked ? input.dataset.en : input.dataset.zh;
      render();
    });
  }
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; choose(-1); }
    else if (event.key === "/" && document.activeElement !== input) { event.preventDefault(); input.focus(); }
  });
  follow();
})();
