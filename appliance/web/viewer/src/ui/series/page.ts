/** A page of the clinic that shows one series and can change to the study's others without leaving. */
import type { Again, FromReader, FromScanner, ToReader } from "../../messages";
import { button } from "../elements";
import { isEnd } from "../receiving";
import type { Companion, Extras, Viewing } from "../viewing";
import { WORDS } from "../words";
import { linksIn, Strip, type SeriesLink } from "./strip";

/** Makes a viewer on a mount, and a worker that answers `receive`. */
export interface Tools {
  readonly viewing: (mount: HTMLElement, extras: Extras) => Viewing;
  readonly worker: (receive: (message: FromReader | FromScanner) => void, crashed: () => void) => Worker;
}

/** Open the series that the mount names. */
export function openSeriesPage(mount: HTMLElement, tools: Tools): void {
  new SeriesPage(mount, tools).open();
}

/** Guards that one series is read and shown at a time. */
class SeriesPage {
  private readonly strip: Strip | null;
  private readonly links: readonly SeriesLink[];
  private joining: Worker | null = null;
  private viewing: Viewing | null = null;
  private worker: Worker | null = null;

  constructor(
    private readonly mount: HTMLElement,
    private readonly tools: Tools,
  ) {
    const links = linksIn(mount);
    this.links = links;
    this.strip = links.length < 2 ? null : new Strip(links, (link) => void this.change(link));
    if (this.strip !== null) this.strip.element.hidden = matchMedia("(max-width: 900px)").matches;
  }

  open(): void {
    const { stream } = this.mount.dataset;
    let viewing: Viewing | null = null;
    if (stream !== undefined) {
      // First: the box answers while the rest is made. What comes of it comes later than that.
      this.worker = this.tools.worker((message) => viewing?.receive(message as FromReader), () => viewing?.stop(WORDS.crashed, "failed"));
      this.worker.postMessage(new URL(stream, location.href).href satisfies ToReader);
    }
    viewing = this.tools.viewing(this.mount, this.extras());
    this.viewing = viewing;
    if (this.strip !== null) this.mount.prepend(this.strip.element);
    if (stream === undefined) viewing.stop(WORDS.empty, "empty");
  }

  private extras(): Extras {
    const { strip } = this;
    const ask = (message: Again, transfer: Transferable[]): void => this.worker?.postMessage(message, transfer);
    if (strip === null) return { buttons: [], keys: {}, done: () => undefined, ask };
    const toggle = (): boolean => {
      strip.element.hidden = !strip.element.hidden;
      shown.setAttribute("aria-pressed", String(!strip.element.hidden));
      return true;
    };
    const beside = (by: number) => (): boolean => {
      const link = strip.beside(by);
      if (link !== undefined) void this.change(link);
      return link !== undefined;
    };
    const shown = button("series", WORDS.seriesHint, toggle);
    shown.setAttribute("aria-pressed", String(!strip.element.hidden));
    return { buttons: [shown], keys: { t: toggle, ",": beside(-1), ".": beside(1) }, done: () => void strip.picture(), ask, companions: this.companions() };
  }

  /** The study's other intra-oral series: their pictures belong into one mount. */
  private companions(): Companion[] {
    const { stream } = this.mount.dataset;
    const isIntraOral = this.mount.dataset["modality"] === "IO";
    return this.links.filter((link) => isIntraOral && link.modality === "IO" && link.stream !== stream).map((link) => (tell) => this.join(link, tell));
  }

  private join({ stream }: SeriesLink, tell: (message: FromReader) => void): void {
    const end = (message: FromReader): void => {
      if (isEnd(message)) worker.terminate();
      tell(message);
    };
    const worker = this.tools.worker((message) => end(message as FromReader), () => end({ type: "broken" }));
    this.joining = worker;
    worker.postMessage(new URL(stream, location.href).href satisfies ToReader);
  }

  /** The box is asked for the other series' page, as by a link: it decides, and records who looks at what. */
  private async change({ href, stream }: SeriesLink): Promise<void> {
    if (stream === this.mount.dataset["stream"]) return;
    const fresh = await pageAt(href);
    if (this.mount.isConnected) this.turnTo(fresh, href, stream); // or the page is being left, and not for a series
  }

  private turnTo(fresh: Document | null, href: string, stream: string): void {
    const mount = fresh?.getElementById("viewer");
    if (!fresh || !mount) return location.assign(href); // locked, signed out, gone or updated: the browser shows what the box says
    this.viewing?.close();
    this.worker?.terminate();
    this.joining?.terminate();
    for (const name of Object.keys(this.mount.dataset)) Reflect.deleteProperty(this.mount.dataset, name);
    Object.assign(this.mount.dataset, mount.dataset);
    history.replaceState(null, "", href);
    const [subject, other] = [document.querySelector(".strip .subject"), fresh.querySelector(".strip .subject")];
    if (other !== null) subject?.replaceWith(document.importNode(other, true));
    this.strip?.mark(stream);
    this.open();
  }
}

/** The address of the viewer's own script, which is another one in each release. */
function scriptOf(page: Document): string | null | undefined {
  return page.querySelector("script[src*=viewer]")?.getAttribute("src");
}

async function pageAt(href: string): Promise<Document | null> {
  const asking = fetch(href, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
  const text = await asking.then((answer) => (answer.status === 200 ? answer.text() : "")).catch(() => "");
  const page = new DOMParser().parseFromString(text, "text/html");
  return scriptOf(page) === scriptOf(document) ? page : null;
}
