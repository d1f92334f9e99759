/** The study's series beside the pictures, each with a small one of its own: a list of links that the page was sent with. */
import type { Thumbnail } from "../../volume/thumbnail";
import { element } from "../elements";
import { WORDS } from "../words";

export interface SeriesLink {
  readonly href: string;
  readonly stream: string;
  readonly title: string;
  readonly facts: string;
  readonly modality: string;
  readonly isCurrent: boolean;
}

const MOST_PIXELS = 192; // a side of a small picture, for screens of two pixels a point

/** The links that a page has for the viewer; they work without script too. */
export function linksIn(root: ParentNode): SeriesLink[] {
  return Array.from(root.querySelectorAll<HTMLAnchorElement>("nav.others a"), (link) => ({
    href: link.getAttribute("href") ?? "",
    stream: link.dataset["stream"] ?? "",
    title: link.querySelector("b")?.textContent.trim() ?? "",
    facts: link.querySelector("span")?.textContent.trim() ?? "",
    modality: link.dataset["modality"] ?? "",
    isCurrent: link.getAttribute("aria-current") !== null,
  }));
}

/** Guards which series is marked, and that small pictures are fetched once and one after the other. */
export class Strip {
  readonly element: HTMLElement;
  private readonly cards: readonly { readonly link: SeriesLink; readonly card: HTMLAnchorElement; readonly canvas: HTMLCanvasElement }[];
  private isPictured = false;

  constructor(links: readonly SeriesLink[], choose: (link: SeriesLink) => void) {
    this.cards = links.map((link) => card(link, choose));
    this.element = element("nav", { class: "strip-of-series", "aria-label": WORDS.series }, ...this.cards.map((one) => one.card));
  }

  mark(stream: string): void {
    for (const { link, card } of this.cards) {
      if (link.stream !== stream) card.removeAttribute("aria-current");
      else card.setAttribute("aria-current", "page");
    }
  }

  /** The series before or after the one that is marked, round the ends. */
  beside(by: number): SeriesLink | undefined {
    const at = this.cards.findIndex(({ card }) => card.getAttribute("aria-current") !== null);
    return this.cards[(at + by + this.cards.length) % this.cards.length]?.link;
  }

  /** Fetch the small pictures, from the middle image of each; called when nobody waits for a large one. */
  async picture(): Promise<void> {
    if (this.isPictured) return;
    this.isPictured = true;
    for (const { link, canvas } of this.cards) {
      const made = await thumbnail(new URL(link.stream, location.href).href);
      if (made !== null) put(canvas, made);
    }
  }
}

function card(link: SeriesLink, choose: (link: SeriesLink) => void): { link: SeriesLink; card: HTMLAnchorElement; canvas: HTMLCanvasElement } {
  const canvas = element("canvas", { width: "1", height: "1", "aria-hidden": "true" });
  const words = element("span", { class: "words" }, element("b", {}, element("bdi", {}, link.title)), element("small", {}, element("bdi", {}, link.facts)));
  const made = element("a", { href: link.href, title: `${link.title}\n${link.facts}` }, element("span", { class: "picture" }, canvas), words);
  if (link.isCurrent) made.setAttribute("aria-current", "page");
  made.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return; // a tab of its own is the browser's
    event.preventDefault();
    choose(link);
  });
  return { link, card: made, canvas };
}

/** Ask a worker of its own; it is ended as soon as it has answered, and with it its request. */
function thumbnail(stream: string): Promise<Thumbnail | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("thumbnail.js", import.meta.url), { type: "module", name: "enamel-thumbnail" });
    const done = (made: Thumbnail | null): void => {
      worker.terminate();
      resolve(made);
    };
    worker.addEventListener("message", (event: MessageEvent<Thumbnail | null>) => done(event.data));
    worker.addEventListener("error", () => done(null));
    worker.postMessage({ stream, most: MOST_PIXELS });
  });
}

function put(canvas: HTMLCanvasElement, { width, height, rgba }: Thumbnail): void {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
}
