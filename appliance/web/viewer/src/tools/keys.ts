/** The keyboard. Keys typed into a field of a form stay there, but for those of the image slider, which means the same. */
import type { Actions } from "./actions";

type Deed = (actions: Actions) => void;

const DEEDS: Readonly<Record<string, Deed>> = {
  ArrowUp: (actions) => actions.scroll(-1),
  ArrowLeft: (actions) => actions.scroll(-1),
  ArrowDown: (actions) => actions.scroll(1),
  ArrowRight: (actions) => actions.scroll(1),
  PageUp: (actions) => actions.scroll(-10),
  PageDown: (actions) => actions.scroll(10),
  Home: (actions) => actions.goTo(0),
  End: (actions) => actions.goTo(actions.images - 1),
  "+": (actions) => actions.zoom(null, 1.25),
  "=": (actions) => actions.zoom(null, 1.25),
  "-": (actions) => actions.zoom(null, 0.8),
  c: (actions) => actions.choose("cross"),
  l: (actions) => actions.choose("length"),
  a: (actions) => actions.choose("angle"),
  Delete: (actions) => actions.remove(),
  Backspace: (actions) => actions.remove(),
  w: (actions) => actions.choose("window"),
  p: (actions) => actions.choose("pan"),
  z: (actions) => actions.choose("zoom"),
  s: (actions) => actions.choose("scroll"),
  i: (actions) => actions.invert(),
  r: (actions) => actions.reset(),
  f: (actions) => actions.fullScreen(),
  "?": (actions) => actions.help(),
};

/** Listen to the whole page. */
export function listenToKeys(page: Document, actions: Actions): void {
  page.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const deed = DEEDS[event.key] ?? presetDeed(event.key);
    if (deed === null) return;
    event.preventDefault();
    deed(actions);
  });
}

function presetDeed(key: string): Deed | null {
  return /^[1-9]$/.test(key) ? (actions) => actions.preset(Number(key) - 1) : null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== "range");
}
