import { kept, setting } from "./storage";

const PREFIX = "draft.";

/** Unsent text by place (a session key): survives a reload, a crash of the tab and an update of the app. */
export const drafts = {
  get: (place: string): string => setting.get(PREFIX + place) ?? "",
  set: (place: string, text: string): void => setting.set(PREFIX + place, text === "" ? null : text),
  /** Forget all of them, and what was added to them. */
  async clear(): Promise<void> {
    for (const name of setting.names(PREFIX)) setting.set(name, null);
    const storage = await kept();
    for (const { place } of await storage.all<{ place: string }>(FILES)) await storage.remove(FILES + place);
  },
};

const FILES = "draft-files/";

/** What was added to an unsent message: too large for the settings, so it is kept apart. */
export const draftFiles = {
  async get<T>(place: string): Promise<readonly T[]> {
    const found = await (await kept()).get<{ files: T[] }>(FILES + place).catch(() => undefined);
    return found?.files ?? [];
  },
  async set(place: string, files: readonly unknown[]): Promise<void> {
    const storage = await kept();
    // Full storage: this page still has them.
    await (files.length ? storage.set(FILES + place, { place, files }) : storage.remove(FILES + place)).catch(() => undefined);
  },
};
