/** How this browser introduces itself: a name that a person recognises in the list of devices. */
export function describe(agent: string = navigator.userAgent): {
  displayName: string;
  platform: string;
  locale: string;
  timeZone: string;
  userAgent: string;
} {
  const system = systemOf(agent);
  return {
    displayName: `${browserOf(agent)} · ${system}`,
    platform: "web",
    locale: navigator.language,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone.slice(0, 64),
    userAgent: agent.slice(0, 256),
  };
}

function systemOf(agent: string): string {
  if (/iPhone/.test(agent)) return "iPhone";
  // An iPad says that it is a Mac; no Mac has a touch screen.
  if (/iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return "iPad";
  if (/Android/.test(agent)) return /Mobile/.test(agent) ? "Android" : "Android tablet";
  if (/Mac OS X/.test(agent)) return "Mac";
  if (/Windows/.test(agent)) return "Windows";
  if (/CrOS/.test(agent)) return "ChromeOS";
  return /Linux/.test(agent) ? "Linux" : "Web";
}

function browserOf(agent: string): string {
  if (/Edg(e|A|iOS)?\//.test(agent)) return "Edge";
  if (/SamsungBrowser\//.test(agent)) return "Samsung Internet";
  if (/Firefox\/|FxiOS\//.test(agent)) return "Firefox";
  if (/Chrome\/|CriOS\//.test(agent)) return "Chrome";
  return /Safari\//.test(agent) ? "Safari" : "Browser";
}
