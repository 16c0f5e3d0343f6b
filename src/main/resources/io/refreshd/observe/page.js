// Fetches the page again and exchanges its main part. Parsed documents run no script, and the policy allows none.
(function () {
  const live = document.getElementById("live");
  const every = 2000;
  async function update() {
    const selecting = String(window.getSelection()) !== "";
    if (document.hidden || selecting) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      document.querySelector("main").replaceWith(document.adoptNode(next));
      say("live", false);
    } catch (e) {
      say("refreshd does not answer; this is what it said last", true);
    }
  }
  function say(words, lost) {
    // Only what changed, or a screen reader would repeat it every two seconds.
    if (live.textContent !== words) live.textContent = words;
    document.body.classList.toggle("lost", lost);
  }
  (async function loop() {
    await update();
    setTimeout(loop, every);
  })();
})();
