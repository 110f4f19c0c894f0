import { useEffect } from "preact/hooks";
import type { RefObject } from "preact";

/**
 * Keep an element above a keyboard that is drawn on the glass. Browsers that lay the keyboard over the page (iOS) only tell
 * it through visualViewport; where the page itself becomes smaller the overlap is nothing.
 */
export function useAboveKeyboard(box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const seen = window.visualViewport;
    if (!seen) return;
    const place = (): void => {
      const node = box.current;
      if (!node) return;
      const covered = node.getBoundingClientRect().bottom - (seen.offsetTop + seen.height);
      // Zoomed pages move their visible part as well: only the height of a keyboard counts.
      const keyboard = seen.scale < 1.05 && covered > 60 ? covered : 0;
      node.style.setProperty("--covered", `${Math.round(keyboard)}px`);
      if (keyboard && scrollY) scrollTo(0, 0); // iOS scrolls the page below the keyboard
    };
    seen.addEventListener("resize", place);
    seen.addEventListener("scroll", place);
    return () => {
      seen.removeEventListener("resize", place);
      seen.removeEventListener("scroll", place);
    };
  }, []);
}
