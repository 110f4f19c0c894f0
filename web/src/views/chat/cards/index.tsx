import type { JSX } from "preact";
import type { ToolStep } from "../model/turns";
import { DueCard } from "./due";
import type { Due } from "./agenda";
import { ListCard } from "./list";

export { DueCard } from "./due";
export { ListCard } from "./list";

/** What is shown of a result beside its words: things that go on living after the answer. */
export function cardOf(step: ToolStep, sessionKey: string): JSX.Element | null {
  const dues = duesOf(step.details);
  if (dues.length && /^(timer|alarm|reminder)_(set|list)$/.test(step.name)) {
    return <div class="due-cards">{dues.slice(0, 12).map((due) => <DueCard key={due.id} due={due} />)}</div>;
  }
  const list = listOf(step.details);
  if (list && /^list_(add|show|remove)$/.test(step.name)) {
    return <ListCard name={list.name} said={step.name === "list_show" ? list.items : undefined} sessionKey={sessionKey} />;
  }
  return null;
}

function duesOf(details: unknown): Due[] {
  if (typeof details !== "object" || details === null) return [];
  const facts = details as Record<string, unknown>;
  const found = [facts, ...["timers", "alarms", "reminders"].flatMap((name) => (Array.isArray(facts[name]) ? (facts[name] as unknown[]) : []))];
  return found.filter((one): one is Due => isDue(one));
}

function isDue(value: unknown): value is Due {
  const due = value as Partial<Due> | null;
  return typeof due === "object" && due !== null && typeof due.id === "string" && typeof due.dueMs === "number";
}

function listOf(details: unknown): { name: string; items: string[] | undefined } | null {
  const facts = details as { list?: unknown; items?: unknown } | null;
  if (typeof facts !== "object" || facts === null || typeof facts.list !== "string") return null;
  const items = Array.isArray(facts.items) ? facts.items.filter((one): one is string => typeof one === "string") : undefined;
  return { name: facts.list, items };
}
