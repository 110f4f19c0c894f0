const SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "mailto:", "tel:"]);

/** Return the address of a link if it may be followed, else null: no script, no data, no file, nothing relative to this app. */
export function safeLink(href: string): string | null {
  // Browsers drop control characters and blanks before they read the scheme: "java\nscript:".
  const text = href.replace(/[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028-\u202f\ufeff]/g, "");
  try {
    const url = new URL(text);
    if (!SCHEMES.has(url.protocol)) return null;
    // A name and password before the host hide where a link goes ("https://bank.example@evil.example").
    if (url.username || url.password) return null;
    return url.href;
  } catch {
    return null;
  }
}

/** Whom a link leads to: the host, or the address of a mail or a call. */
export function hostOf(href: string): string {
  const url = new URL(href);
  return url.host || decodeURIComponent(url.pathname);
}
