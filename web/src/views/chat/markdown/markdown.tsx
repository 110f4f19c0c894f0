import { Lexer } from "marked";
import type { Token, Tokens } from "marked";
import { Component } from "preact";
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { CopyButton } from "../../../ui/copy";
import { t } from "../../../app/i18n";
import { Icon } from "../../../ui/icon";
import { hostOf, safeLink } from "./links";
import { Outside } from "./outside";

/**
 * Markdown of a model as elements of the page. No text ever becomes markup: the tokens of the parser are built as
 * elements one by one, HTML inside of the text stays text, and no image of elsewhere is loaded: it is a link, because
 * loading it would tell its owner who reads what. So there is nothing that a sanitiser could overlook.
 */
export function Markdown({ text }: { text: string }): JSX.Element {
  const tokens = useMemo(() => blocks(lex(text)), [text]);
  return <div class="md">{tokens.map((token, index) => <Block key={index} token={token} />)}</div>;
}

// Past these a text is a log or a fault, and costs seconds to parse: it is shown as it is.
const MAX_CHARACTERS = 100_000;
const MAX_WORD = 2_000;
const MAX_BLANKS = 200;
const MAX_DEPTH = 24;

/** Parse a text. What no person would write is one token of the type "plain". */
export function lex(text: string): Token[] {
  const plain: Token[] = [{ type: "plain", raw: text, text } as Tokens.Generic];
  if (text.length > MAX_CHARACTERS || text.split(/\s+/).some((word) => word.length > MAX_WORD)) return plain;
  const even = text.replace(LONG_BLANKS, (blanks) => blanks.slice(0, MAX_BLANKS));
  try {
    const tokens = new Lexer({ gfm: true, breaks: true }).lex(even);
    return deeper(tokens, MAX_DEPTH) ? plain : levelled(tokens);
  } catch {
    return plain; // nested deeper than the parser can go
  }
}

const LONG_BLANKS = new RegExp(`[ \\t]{${MAX_BLANKS},}`, "g");

/** Whether tokens stand in each other more than `levels` deep. */
function deeper(tokens: readonly Token[], levels: number): boolean {
  if (levels === 0) return tokens.length > 0;
  return tokens.some((token) => {
    const inside = (token as Tokens.List).items ?? (token as { tokens?: Token[] }).tokens;
    return inside !== undefined && deeper(inside, levels - 1);
  });
}

const blocks = (tokens: readonly Token[]): Token[] => tokens.filter((token) => token.type !== "space" && token.type !== "def");

/** A block is built again only when its text has changed: while an answer grows that is its last block. */
class Block extends Component<{ token: Token }> {
  override shouldComponentUpdate(next: { token: Token }): boolean {
    return next.token.raw !== this.props.token.raw || next.token.type !== this.props.token.type;
  }

  override render(): ComponentChildren {
    return block(this.props.token);
  }
}

export function block(token: Token): ComponentChildren {
  switch (token.type) {
    case "heading":
      return heading(token as Tokens.Heading);
    case "paragraph":
      return <p dir="auto">{inline(token.tokens)}</p>;
    case "text":
      return "tokens" in token && token.tokens ? <>{inline(token.tokens)}</> : (token as Tokens.Text).text;
    case "code":
      return <Code text={(token as Tokens.Code).text} lang={(token as Tokens.Code).lang} />;
    case "blockquote":
      return <blockquote dir="auto">{children(token.tokens)}</blockquote>;
    case "list":
      return list(token as Tokens.List);
    case "table":
      return table(token as Tokens.Table);
    case "hr":
      return <hr />;
    case "html":
      return <p dir="auto">{(token as Tokens.HTML).text.trim()}</p>;
    case "plain":
      return <p class="md-plain" dir="auto">{(token as Tokens.Generic)["text"]}</p>;
    case "space":
    case "def":
      return null;
    default:
      return <p>{token.raw}</p>;
  }
}

const children = (tokens: readonly Token[] | undefined): ComponentChildren =>
  blocks(tokens ?? []).map((token, index) => <Block key={index} token={token} />);

/** Headings of an answer are below that of the page, the largest of them next to it, whatever the model began with. */
function levelled(tokens: Token[]): Token[] {
  const headings = tokens.filter((token): token is Tokens.Heading => token.type === "heading");
  const least = Math.min(...headings.map((token) => token.depth));
  for (const token of headings) token.depth -= least - 1;
  return tokens;
}

function heading(token: Tokens.Heading): JSX.Element {
  const Tag = token.depth <= 1 ? "h2" : token.depth === 2 ? "h3" : "h4";
  return <Tag dir="auto">{inline(token.tokens)}</Tag>;
}

function list(token: Tokens.List): JSX.Element {
  const items = token.items.map((item, index) => (
    <li key={index} dir="auto" class={item.task ? "task" : undefined}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label={item.text.slice(0, 80)} />}
      {item.loose ? children(noBox(item.tokens)) : noBox(item.tokens).map((one, at) => <Block key={at} token={one} />)}
    </li>
  ));
  const start = token.start;
  return token.ordered ? <ol dir="auto" start={typeof start === "number" && start !== 1 ? start : undefined}>{items}</ol> : <ul dir="auto">{items}</ul>;
}

/** The box of a task is drawn by its item. */
const noBox = (tokens: readonly Token[]): Token[] => blocks(tokens).filter((token) => token.type !== "checkbox");

function table(token: Tokens.Table): JSX.Element {
  const side = (index: number): string | undefined => token.align[index] ?? undefined;
  return (
    <div class="md-table" tabIndex={0} role="group" aria-label={t("chat.table")}>
      <table dir="auto">
        <thead><tr>{token.header.map((cell, index) => <th key={index} dir="auto" scope="col" class={side(index)}>{inline(cell.tokens)}</th>)}</tr></thead>
        <tbody>
          {token.rows.map((row, at) => (
            <tr key={at}>{row.map((cell, index) => <td key={index} dir="auto" class={side(index)}>{inline(cell.tokens)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function inline(tokens: readonly Token[] | undefined): ComponentChildren {
  return tokens?.map((token, index) => <Inline key={index} token={token} />);
}

function Inline({ token }: { token: Token }): JSX.Element {
  return <>{span(token)}</>;
}

export function span(token: Token): ComponentChildren {
  switch (token.type) {
    case "text":
      return "tokens" in token && token.tokens ? inline(token.tokens) : unescaped((token as Tokens.Text).text);
    case "escape":
      return unescaped((token as Tokens.Escape).text);
    case "strong":
      return <strong>{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return <code>{unescaped((token as Tokens.Codespan).text)}</code>;
    case "br":
      return <br />;
    case "link":
      return link((token as Tokens.Link).href, inline(named(token.tokens)), (token as Tokens.Link).text);
    case "image":
      return image(token as Tokens.Image);
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw.trim()) ? <br /> : token.raw;
    case "checkbox":
      return null;
    default:
      return token.raw;
  }
}

/** A link out of the app: only to what people know from a browser. */
function link(href: string, content: ComponentChildren, text: string): ComponentChildren {
  const target = safeLink(href);
  if (!target) return content ?? text;
  return <Outside href={target}>{content ?? text}</Outside>;
}

/** Pictures inside of a link by their names: a link in a link is none. */
const named = (tokens: readonly Token[] | undefined): Token[] | undefined =>
  tokens?.map((token) => (token.type === "image" ? { type: "text", raw: token.raw, text: token["text"] || t("chat.image") } : token));

/** Loading a picture of elsewhere would tell its owner who reads what: its name and its host stand in its place. */
function image(token: Tokens.Image): ComponentChildren {
  const name = token.text || t("chat.image");
  const target = safeLink(token.href);
  if (!target) return name;
  return <Outside href={target} class="md-image"><Icon name="image" size={18} /><span>{name}<small>{hostOf(target)}</small></span></Outside>;
}

/** The lexer leaves the character references of Markdown as they are; the few that models write are resolved here. */
function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|nbsp|#39|apos);/g, (_, name: string) => REFERENCES[name] ?? "");
}

const REFERENCES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0", "#39": "'", apos: "'" };

export function Code({ text, lang }: { text: string; lang?: string | undefined }): JSX.Element {
  const name = /^[\w+#.-]{1,20}/.exec(lang ?? "")?.[0];
  return (
    <figure class="md-code">
      <figcaption>
        <span>{name ?? t("chat.code")}</span>
        <CopyButton text={text} label={t("chat.copyCode")} />
      </figcaption>
      <pre tabIndex={0} dir="ltr"><code>{text}</code></pre>
    </figure>
  );
}
