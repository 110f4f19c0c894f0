import { effect, signal } from "@preact/signals";
import { setting } from "../gateway/storage";

export type Theme = "auto" | "light" | "dark";

const read = (): Theme => {
  const text = setting.get("theme");
  return text === "light" || text === "dark" ? text : "auto";
};

export const theme = signal<Theme>(read());

/** Put the theme on the page and keep it there; the bar of the browser takes the same colour. */
export function applyTheme(): void {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const paint = (): void => {
    const dark = theme.value === "dark" || (theme.value === "auto" && prefersDark.matches);
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--page").trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", colour);
  };
  effect(paint);
  prefersDark.addEventListener("change", paint);
}

export function chooseTheme(wanted: Theme): void {
  theme.value = wanted;
  setting.set("theme", wanted === "auto" ? null : wanted);
}
