// Takes the main part of the page from the daemon's events. Parsed documents run no script, and the policy allows none.
(function () {
  const live = document.getElementById("live");
  const find = document.getElementById("find");
  document.getElementById("search").hidden = false;
  let heard = Date.now();

  function show(html) {
    heard = Date.now();
    say("live", false);
    // What somebody marks to copy it must not vanish under the mouse.
    if (document.hidden || String(window.getSelection()) !== "") return;
    const old = document.querySelector("main");
    const next = document.adoptNode(new DOMParser().parseFromString("<main>" + html + "</main>", "text/html").querySelector("main"));
    const open = new Set(Array.from(old.querySelectorAll("details[open]"), d => d.dataset.key));
    next.querySelectorAll("details").forEach(d => { d.open = open.has(d.dataset.key); });
    const place = Array.from(old.querySelectorAll("a, summary")).indexOf(document.activeElement);
    const held = place < 0 ? null : keyOf(document.activeElement);
    old.replaceWith(next);
    filter();
    if (held) Array.from(next.querySelectorAll("a, summary")).find(e => keyOf(e) === held)?.focus({ preventScroll: true });
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
  }
  function say(words, lost) {
    // Only what changed, or a screen reader would repeat it all the time.
    if (live.textContent !== words) live.textContent = words;
    document.body.classList.toggle("lost", lost);
  }
  function listen() {
    const events = new EventSource("events");
    events.onmessage = e => show(e.data);
    events.onerror = () => {
      // The browser asks again by itself, unless it was refused.
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    };
  }
  find.addEventListener("input", filter);
  document.getElementById("search").addEventListener("submit", e => e.preventDefault());
  document.addEventListener("keydown", e => {
    if (e.key === "/" && document.activeElement !== find) { e.preventDefault(); find.focus(); }
    if (e.key === "Escape" && document.activeElement === find) { find.value = ""; filter(); find.blur(); }
  });
  setInterval(() => {
    if (Date.now() - heard > 12000) say("refreshd does not answer; this is what it said last", true);
  }, 1000);
  listen();
})();
