/** The JSON Schema of the configuration, read for forms: kinds, names, checks, search. Pure. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Step = string | number;
export type At = readonly Step[];

export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  enum?: string[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
  description?: string;
  default?: Json;
  writeOnly?: boolean;
  "x-unit"?: string;
  "x-reload"?: string;
  "x-pending"?: string;
}

export type Kind = "section" | "map" | "list" | "model" | "secret" | "choice" | "toggle" | "number" | "text";

export function kindOf(schema: Schema): Kind {
  if (schema.writeOnly) return "secret";
  const types = [schema.type ?? "string"].flat();
  if (types.includes("object")) {
    if (types.length > 1) return schema.properties ? "model" : "secret";
    return schema.properties ? "section" : "map";
  }
  if (types.includes("array")) return "list";
  if (schema.enum) return "choice";
  if (types.includes("boolean")) return "toggle";
  return types.length === 1 && (types[0] === "integer" || types[0] === "number") ? "number" : "text";
}

/** The schema of one entry of a map or list. */
export const entrySchema = (schema: Schema): Schema =>
  schema.items ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : {});

/** The schema at a place; undefined for a key that the box does not know. */
export function schemaAt(schema: Schema, at: At): Schema | undefined {
  let found: Schema | undefined = schema;
  for (const step of at) {
    if (!found) return undefined;
    const kind = kindOf(found);
    found = kind === "map" || kind === "list" ? entrySchema(found) : found.properties?.[String(step)];
  }
  return found;
}

/** Whether a change counts without a restart. An entry of a map or list is as its option is. */
export function countsAtOnce(root: Schema, at: At): boolean {
  let hot = false;
  let found: Schema | undefined = root;
  for (const step of at) {
    if (!found) return false;
    const kind = kindOf(found);
    const entry: boolean = kind === "map" || kind === "list";
    found = entry ? entrySchema(found) : found.properties?.[String(step)];
    if (!entry) hot = found?.["x-reload"] === "hot";
  }
  return hot;
}

/** A place as the box writes it: `gateway.port`, `models.providers["my.server"].models[0].id`. */
export function pathText(at: At): string {
  return at.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[^.[\]"'\s]+$/.test(step)) return `${text}["${step}"]`;
    return text ? `${text}.${step}` : step;
  }, "");
}

/** The place that a text names; the inverse of `pathText`. Empty for a text that names none. */
export function placeOf(text: string): Step[] {
  const steps: Step[] = [];
  const step = /\.?(?:\["([^"]*)"\]|\[(\d+)\]|([^.[\]"'\s]+))/y;
  while (step.lastIndex < text.length) {
    const found = step.exec(text);
    if (!found) return [];
    steps.push(found[2] !== undefined ? Number(found[2]) : (found[1] ?? found[3]!));
  }
  return steps;
}

const WORDS: Readonly<Record<string, string>> = {
  api: "API", cidrs: "CIDRs", http: "HTTP", id: "ID", mdns: "mDNS", tls: "TLS", ui: "UI", url: "URL", lan: "LAN", ca: "CA",
};
const UNIT_ENDINGS: Readonly<Record<string, string>> = { ms: "Ms", s: "Seconds", MB: "Mb" };

/** A key as a name for people: `maxAttempts` is "Max attempts"; an ending that only repeats the unit goes. */
export function label(key: string, schema: Schema = {}): string {
  const ending = UNIT_ENDINGS[schema["x-unit"] ?? ""];
  const bare = ending && key.endsWith(ending) ? key.slice(0, -ending.length) : key;
  const words = bare.replace(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[\s_-]+/).map((word) => WORDS[word.toLowerCase()] ?? word.toLowerCase());
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What an option means, as a sentence without its unit. */
export function meaning(schema: Schema): string {
  const unit = schema["x-unit"];
  const text = schema.description ?? "";
  const bare = unit && text.endsWith(` (${unit})`) ? text.slice(0, -unit.length - 3) : text;
  // "provider/model, or …" begins with what is typed, not with a word.
  return /^[a-z]+([\s,;:]|$)/.test(bare) && !bare.startsWith("null") ? bare.charAt(0).toUpperCase() + bare.slice(1) : bare;
}

export interface Problem {
  key: "whole" | "number" | "range" | "least" | "most" | "form" | "long" | "many" | "missing" | "one";
  values: Record<string, string | number>;
}

/** What is wrong with a value, if anything. `${NAME}` stands for what the environment of the box holds. */
export function problem(schema: Schema, value: Json): Problem | undefined {
  if (typeof value === "string" && /\$\{[A-Z_]/.test(value)) return undefined;
  switch (kindOf(schema)) {
    case "number":
      return numberProblem(schema, value);
    case "choice":
      return schema.enum!.includes(String(value)) ? undefined : { key: "one", values: { all: schema.enum!.join(", ") } };
    case "text":
      return textProblem(schema, value);
    case "list":
      return Array.isArray(value) && schema.maxItems !== undefined && value.length > schema.maxItems ? { key: "many", values: { max: schema.maxItems } } : undefined;
    default:
      return undefined;
  }
}

function numberProblem({ type, minimum: least, maximum: most }: Schema, value: Json): Problem | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return { key: "number", values: {} };
  if (type === "integer" && !Number.isInteger(value)) return { key: "whole", values: {} };
  if ((least === undefined || value >= least) && (most === undefined || value <= most)) return undefined;
  if (least !== undefined && most !== undefined) return { key: "range", values: { least, most } };
  return least !== undefined ? { key: "least", values: { least } } : { key: "most", values: { most: most! } };
}

function textProblem({ maxLength, pattern }: Schema, value: Json): Problem | undefined {
  if (typeof value !== "string") return undefined;
  if (maxLength !== undefined && value.length > maxLength) return { key: "long", values: { max: maxLength } };
  if (!pattern) return undefined;
  try {
    return new RegExp(pattern).test(value) ? undefined : { key: "form", values: {} };
  } catch {
    return undefined; // A pattern that only the box can read; it checks again.
  }
}

/** Everything that is wrong in a configuration, by path. */
export function problems(schema: Schema, value: Json | undefined, at: At = [], found = new Map<string, Problem>()): Map<string, Problem> {
  if (value === undefined || value === null) return found;
  const own = problem(schema, value);
  if (own) found.set(pathText(at), own);
  const kind = kindOf(schema);
  if ((kind === "section" || kind === "map") && typeof value === "object" && !Array.isArray(value)) {
    for (const key of schema.required ?? []) if (value[key] === undefined || value[key] === "") found.set(pathText([...at, key]), { key: "missing", values: {} });
    for (const [key, one] of Object.entries(value)) {
      const inner = kind === "map" ? entrySchema(schema) : schema.properties?.[key];
      if (inner && !found.has(pathText([...at, key]))) problems(inner, one, [...at, key], found);
    }
  } else if (kind === "list" && Array.isArray(value)) {
    value.forEach((one, index) => problems(entrySchema(schema), one, [...at, index], found));
  }
  return found;
}

export interface Found {
  at: string[];
  schema: Schema;
}

/** Every option of the schema that holds a value, in its order. Entries of maps and lists count as one. */
export function options(schema: Schema, at: string[] = []): Found[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) =>
    kindOf(one) === "section" ? options(one, [...at, key]) : [{ at: [...at, key], schema: one }]);
}

/** Options that all words of a search are in: in the path, the name, the meaning, or those of what is in its entries. */
export function search(schema: Schema, text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const rank = (one: Found, whole: string): number =>
    (words.every((word) => label(one.at.at(-1)!).toLowerCase().includes(word)) ? 0 : words.every((word) => whole.includes(word)) ? 1 : 2);
  return options(schema)
    .map((one) => ({ one, path: one.at.join(".").toLowerCase(), all: `${one.at.map((step) => label(step)).join(" ")} ${one.at.join(".")} ${told(one.schema)}`.toLowerCase() }))
    .filter(({ all }) => words.every((word) => all.includes(word)))
    .sort((a, b) => rank(a.one, a.path) - rank(b.one, b.path))
    .map(({ one }) => one);
}

const told = (schema: Schema): string =>
  [schema.description ?? "", ...(schema.enum ?? []), ...Object.entries(entrySchema(schema).properties ?? {}).flatMap(([key, one]) => [key, label(key), told(one)])].join(" ");
