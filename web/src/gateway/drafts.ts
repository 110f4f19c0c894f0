import { setting } from "./storage";

/** Unsent text by place (a session key): survives a reload, a crash of the tab and an update of the app. */
export const drafts = {
  get: (place: string): string => setting.get(`draft.${place}`) ?? "",
  set: (place: string, text: string): void => setting.set(`draft.${place}`, text === "" ? null : text),
};
