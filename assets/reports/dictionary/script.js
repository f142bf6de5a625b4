// Finds entries as one types. Everything is on the page; nothing is asked of anybody.
(() => {
  const $ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const input = document.getElementById("search");
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const root = document.getElementById("entries");
  // An entry is found by what it says itself, not by what it links to.
  const own = (element) => {
    const copy = element.cloneNode(true);
    for (const link of $(".refs, .codes, .trace-link", copy)) link.remove();
    return (element.closest("[data-group]")?.dataset.group ?? "") + " " + copy.textContent;
  };
  const entries = $("[data-entry]", root).map((element) => ({
    element,
    area: element.closest("[data-area]").dataset.area,
    text: own(element).toLowerCase(),
  }));
  const groups = $("[data-group], [data-area]", root);
  const chips = $("[data-chip]");
  let area = "";

  const mark = (terms) => {
    if (!CSS.highlights) return;
    CSS.highlights.clear();
    if (!terms.length) return;
    const ranges = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest("[hidden]") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    while (walker.nextNode() && ranges.length < 2000) {
      const text = walker.currentNode.data.toLowerCase();
      for (const term of terms) {
        for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, at + term.length);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };

  const apply = () => {
    const terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const entry of entries) {
      const fits = (!area || entry.area === area) && terms.every((term) => entry.text.includes(term));
      if (entry.element.hidden === fits) entry.element.hidden = !fits;
      found += fits;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-entry]:not([hidden])");
    document.body.classList.toggle("filtered", Boolean(terms.length || area));
    count.textContent = found;
    nothing.hidden = found > 0;
    mark(terms);
  };

  const choose = (name) => {
    area = name;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.chip === area));
    apply();
  };

  // What a link leads to is shown, whatever had been searched for.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !root.contains(target)) return;
    if (target.closest("[hidden]")) {
      input.value = "";
      choose("");
    }
    settle(target, 12);
  };

  // Groups above are drawn, and take their true height, only as they come near: so the aim is taken again.
  const settle = (target, frames) => {
    target.scrollIntoView();
    if (frames) requestAnimationFrame(() => settle(target, frames - 1));
  };

  input.addEventListener("input", apply);
  document.getElementById("clear").addEventListener("click", () => {
    input.value = "";
    input.focus();
    choose("");
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      choose(chip.dataset.chip);
      if (scrollY > root.offsetTop) root.scrollIntoView();
    });
  }
  addEventListener("hashchange", reveal);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && document.activeElement === input) {
      input.value = "";
      apply();
    }
  });
  const speak = () => (input.placeholder = document.getElementById("to-en").checked ? input.dataset.en : input.dataset.zh);
  for (const language of document.querySelectorAll("[name=language]")) language.addEventListener("change", speak);
  apply();
  reveal();
})();
