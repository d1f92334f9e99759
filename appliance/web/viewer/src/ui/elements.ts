/** Making elements without markup in strings. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Strokes on a 24 x 24 field. */
const ICONS = {
  back: "M15 5l-7 7 7 7",
  cross: "M12 3v6 M12 15v6 M3 12h6 M15 12h6 M12 12v.01",
  length: "M4 15L15 4l5 5L9 20z M8 11l2 2 M11 8l2 2 M14 5l2 2",
  angle: "M4 19L16 5 M4 19h16 M12 19a9 9 0 0 0-2.6-6.3",
  clear: "M5 7h14 M9 7V4h6v3 M7 7l1 13h8l1-13 M10 11v5 M14 11v5",
  window: "M12 3a9 9 0 1 0 0 18z M12 3a9 9 0 0 1 0 18 M12 8h6 M12 12h9 M12 16h6",
  pan: "M12 3v18 M3 12h18 M9 6l3-3 3 3 M9 18l3 3 3-3 M6 9l-3 3 3 3 M18 9l3 3-3 3",
  zoom: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z M15.5 15.5L21 21 M10.5 7.5v6 M7.5 10.5h6",
  scroll: "M5 8l7-4 7 4-7 4z M5 12l7 4 7-4 M5 16l7 4 7-4",
  invert: "M4 4h16v16H4z M4 20L20 4 M14 16h4 M16 14v4 M6 8h4",
  reset: "M4 12a8 8 0 1 0 2.6-5.9 M4 4v4.5h4.5",
  fullScreen: "M4 9V4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5",
  help: "M9 9a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.8v.5 M12 17.5v.01 M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z",
  information: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z M12 11v6 M12 7.5v.01",
  series: "M3 4h6v7H3z M3 14h6v6H3z M13 5h8 M13 9h5 M13 15h8 M13 19h5",
  list: "M4 6h.01 M4 12h.01 M4 18h.01 M8 6h12 M8 12h12 M8 18h12",
  mount: "M3 5h4v6H3z M10 4h4v8h-4z M17 5h4v6h-4z M3 14h8v6H3z M13 14h8v6h-8z",
  compare: "M3 5h7v14H3z M14 5h7v14h-7z M12 3v18",
  move: "M5 12h14 M15 8l4 4-4 4 M5 5v14",
  previous: "M15 6l-6 6 6 6",
  next: "M9 6l6 6-6 6",
} as const;

export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon; its label is read aloud and, where `shown`, written beside it. */
export function button(name: Icon, label: string, onClick: () => void, shown = ""): HTMLButtonElement {
  const read = label.includes(shown) ? label : `${shown}: ${label}`; // WCAG 2.5.3: who speaks to a computer says what is written
  const made = element("button", { type: "button", "aria-label": read, title: label }, icon(name));
  if (shown !== "") made.append(element("span", {}, shown));
  made.addEventListener("click", onClick);
  return made;
}
