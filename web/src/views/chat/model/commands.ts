/** Slash commands of the box, completed while they are typed. */

export interface CommandEntry {
  name: string;
  textAliases?: string[];
  description: string;
  acceptsArgs?: boolean;
  args?: { name: string; description: string }[];
}

/** Commands that fit what stands before the cursor: only while the message is nothing but the begin of a command. */
export function completions(text: string, commands: readonly CommandEntry[], most = 8): CommandEntry[] {
  const typed = /^\/([\w-]*)$/.exec(text)?.[1]?.toLowerCase();
  if (typed === undefined) return [];
  const rank = (one: CommandEntry): number => {
    const names = [one.name, ...(one.textAliases ?? []).map((alias) => alias.replace(/^\//, ""))];
    const best = names.findIndex((name) => name.toLowerCase().startsWith(typed));
    return best < 0 ? -1 : best;
  };
  return commands
    .map((command) => ({ command, rank: rank(command) }))
    .filter((one) => one.rank >= 0)
    .sort((one, other) => one.rank - other.rank)
    .slice(0, most)
    .map((one) => one.command);
}
