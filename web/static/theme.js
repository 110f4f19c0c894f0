/* Before the first paint: a chosen theme must not flash as the other one. Blocking on purpose, a line long. */
try {
  const chosen = localStorage.getItem("homarus.theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {}
