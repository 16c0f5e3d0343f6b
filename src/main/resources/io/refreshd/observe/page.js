// Replaces the main part of the page by each server-sent event. A document from DOMParser runs no scripts, and the content security policy allows no others.
(function () {
  const live = document.getElementById("live");
  const find = document.getElementById("find");
  document.getElementById("search").hidden = false;
  let lastEventAt = Date.now();
  let pointed = null;

  function show(html) {
    lastEventAt = Date.now();
    announce("live", false);
    // A selection is about to be copied, and replacing the part would clear it.
    if (document.hidden || String(window.getSelection()) !== "") return;
    const old = document.querySelector("main");
    const next = document.adoptNode(new DOMParser().parseFromString("<main>" + html + "</main>", "text/html").querySelector("main"));
    const open = new Set(Array.from(old.querySelectorAll("details[open]"), d => d.dataset.key));
    next.querySelectorAll("details").forEach(d => { d.open = open.has(d.dataset.key); });
    const focusIndex = Array.from(old.querySelectorAll("a, summary")).indexOf(document.activeElement);
    const focused = focusIndex < 0 ? null : keyOf(document.activeElement);
    old.replaceWith(next);
    filter();
    connect(pointed);
    if (focused) Array.from(next.querySelectorAll("a, summary")).find(e => keyOf(e) === focused)?.focus({ preventScroll: true });
  }
  function keyOf(e) {
    return e.tagName + (e.closest("li")?.querySelector(".node")?.textContent || "") + e.textContent;
  }
  function filter() {
    const wanted = find.value.toLowerCase();
    document.querySelectorAll("table.views tbody tr").forEach(row => {
      const named = row.classList.contains("why") ? row.previousElementSibling : row;
      row.hidden = !named.querySelector("th").textContent.toLowerCase().includes(wanted);
    });
    document.querySelectorAll(".canvas .box").forEach(box => box.classList.toggle("off", !nameOf(box).toLowerCase().includes(wanted)));
  }
  // Shows in the picture what a box hangs together with: everything that it reads, directly or not, and everything that reads it.
  function connect(number) {
    pointed = number;
    const canvas = document.querySelector(".canvas");
    if (!canvas) return;
    canvas.classList.toggle("focus", number !== null);
    canvas.querySelectorAll(".on").forEach(e => e.classList.remove("on"));
    canvas.title = "";
    if (number === null) return;
    const lines = Array.from(canvas.querySelectorAll("[data-e]"), e => [e, ...e.dataset.e.split(" ")]);
    const on = new Set();
    for (const [near, far] of [[1, 2], [2, 1]]) {
      const at = Map.groupBy(lines, line => line[near]);
      const open = [number];
      const seen = new Set(open);
      while (open.length > 0) {
        const box = open.pop();
        on.add(box);
        for (const line of at.get(box) || []) {
          line[0].classList.add("on");
          if (!seen.has(line[far])) { seen.add(line[far]); open.push(line[far]); }
        }
      }
    }
    canvas.querySelectorAll(".box").forEach(e => { if (on.has(e.dataset.n)) e.classList.add("on"); });
    // Its row has the whole name, of which the box may have only the ends.
    const box = canvas.querySelector('[data-n="' + number + '"]');
    if (box && !box.querySelector("title")) canvas.title = nameOf(box);
  }
  // A box of one view has a row with the whole name; others have a title.
  function nameOf(box) {
    const row = document.getElementById((box.getAttribute("href") || "#").slice(1));
    return box.querySelector("title") || !row ? box.textContent : row.querySelector("th").textContent;
  }
  function boxOf(e) {
    const link = e.closest("a.node");
    const box = link ? Array.from(document.querySelectorAll(".canvas a.box")).find(b => b.getAttribute("href") === link.getAttribute("href")) : e.closest(".canvas .box");
    return box ? box.dataset.n : null;
  }
  function announce(words, lost) {
    // Written only if it differs, or a screen reader would read it out each time.
    if (live.textContent !== words) live.textContent = words;
    document.body.classList.toggle("lost", lost);
  }
  function listen() {
    const events = new EventSource("events");
    events.onmessage = e => show(e.data);
    events.onerror = () => {
      // The browser reconnects by itself, unless the response was an error (503: too many readers).
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    };
  }
  find.addEventListener("input", filter);
  for (const event of ["mouseover", "focusin"]) {
    document.addEventListener(event, e => { if (boxOf(e.target) !== pointed) connect(boxOf(e.target)); });
  }
  document.getElementById("search").addEventListener("submit", e => e.preventDefault());
  document.addEventListener("keydown", e => {
    if (e.key === "/" && document.activeElement !== find) { e.preventDefault(); find.focus(); }
    if (e.key === "Escape" && document.activeElement === find) { find.value = ""; filter(); find.blur(); }
  });
  setInterval(() => {
    if (Date.now() - lastEventAt > 12000) announce("refreshd does not answer; this is what it said last", true);
  }, 1000);
  listen();
})();
