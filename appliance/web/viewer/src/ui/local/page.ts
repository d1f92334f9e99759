/**
 * The page "Open files": what a person drops or chooses is looked through and shown by the viewer, all within this browser.
 * Nothing here asks the box for anything, and nothing is sent, until somebody who may presses "Store": see `storing.ts`.
 */
import type { FromReader, FromScanner, ToReader } from "../../messages";
import type { Chosen, LocalSeries, LocalStudy } from "../../local/scanning";
import { element, icon } from "../elements";
import type { Viewing } from "../viewing";
import { dropped, folderPicker, fromField } from "./choosing";
import { listing, titleOf, type Doing } from "./listing";
import { doorOf, StoreOffers } from "./storing";
import { FILES_WORDS } from "../words/files";

/** Makes a viewer on a mount, and a worker that answers `receive`. */
export interface Tools {
  readonly viewing: (mount: HTMLElement) => Viewing;
  readonly worker: (receive: (message: FromReader | FromScanner) => void, crashed: () => void) => Worker;
}

/** Guards that one thing happens at a time: choosing, looking through, or viewing. */
class FilesPage {
  private scanner: Worker | null = null;
  /** Under what name a series' crosshair and measurements are kept while the page stands; it tells nothing of the series. */
  private readonly names = new WeakMap<LocalSeries, string>();
  private readonly doing: Doing;
  private readonly result: HTMLElement;
  private readonly drop: HTMLElement;

  constructor(
    private readonly mount: HTMLElement,
    private readonly tools: Tools,
  ) {
    this.result = part(mount, ".result");
    this.drop = part(mount, ".drop");
    const door = doorOf(mount);
    const offers = door === null ? null : new StoreOffers(door);
    this.doing = { view: (series, study) => this.view(series, study), store: offers === null ? null : (study) => offers.button(study) };
    this.listenToButtons();
    this.listenToDrops();
    mount.dataset["ready"] = "choose";
  }

  private listenToButtons(): void {
    const [folder, files] = [part(this.mount, "input.folder"), part(this.mount, "input.files")] as HTMLInputElement[];
    if (folder === undefined || files === undefined) return;
    const pick = folderPicker();
    part(this.mount, "button.folder").addEventListener("click", () => (pick === null ? folder.click() : void this.take(pick())));
    part(this.mount, "button.files").addEventListener("click", () => files.click());
    for (const field of [folder, files]) {
      field.addEventListener("change", () => {
        void this.take(Promise.resolve(fromField(field)));
        field.value = "";
      });
    }
  }

  /** The whole page takes drops, so that a near miss does not make the browser leave it. */
  private listenToDrops(): void {
    const over = (is: boolean) => (event: DragEvent) => {
      event.preventDefault();
      this.drop.classList.toggle("over", is);
    };
    document.addEventListener("dragover", over(true));
    document.addEventListener("dragleave", over(false));
    document.addEventListener("drop", (event) => {
      over(false)(event);
      const { dataTransfer } = event;
      if (dataTransfer !== null && this.mount.dataset["ready"] !== "viewing") void this.take(dropped(dataTransfer));
    });
  }

  private async take(choosing: Promise<Chosen[]>): Promise<void> {
    try {
      const chosen = await choosing;
      if (chosen.length > 0) this.look(chosen);
    } catch (error) {
      const changedMind = error instanceof DOMException && error.name === "AbortError";
      if (!changedMind) this.say(FILES_WORDS.unreadable);
    }
  }

  private look(chosen: readonly Chosen[]): void {
    this.scanner?.terminate();
    const bar = element("progress", { "aria-label": FILES_WORDS.looking });
    const counted = element("p", { class: "soft small" }, FILES_WORDS.count(0, chosen.length));
    this.result.replaceChildren(element("div", { class: "panel looking", role: "status" }, element("h2", {}, FILES_WORDS.looking), bar, counted));
    this.mount.dataset["ready"] = "looking";
    const receive = (message: FromReader | FromScanner): void => {
      if (message.type === "scanning") {
        [bar.max, bar.value] = [message.all, message.done];
        counted.textContent = FILES_WORDS.count(message.done, message.all);
      } else if (message.type === "scanned") {
        this.result.replaceChildren(listing(message.found, this.doing));
        this.mount.dataset["ready"] = "found";
      }
    };
    this.scanner = this.tools.worker(receive, () => this.say(FILES_WORDS.unreadable));
    this.scanner.postMessage({ type: "scan", chosen } satisfies ToReader);
  }

  private say(words: string): void {
    this.result.replaceChildren(element("div", { class: "notice bad", role: "alert" }, words));
    this.mount.dataset["ready"] = "found";
  }

  /** Put the viewer in the page's place; the way back finds the list as it was. */
  private view(series: LocalSeries, study: LocalStudy): void {
    const back = element("button", { type: "button", class: "back" }, icon("back"), FILES_WORDS.back);
    const { name, facts } = titleOf(series);
    const subject = element("p", { class: "subject" }, element("b", {}, element("bdi", {}, name)), " ", element("span", {}, element("bdi", {}, facts)));
    const strip = element("header", { class: "strip" }, back, subject, ...(this.doing.store === null ? [] : [this.doing.store(study)]));
    const named = this.names.get(series) ?? `files:${crypto.randomUUID()}`;
    this.names.set(series, named);
    const room = element("main", { id: "viewer", "data-stream": named, "data-modality": series.subject.modality, tabindex: "-1" });
    const rest = Array.from(document.body.children).filter((one): one is HTMLElement => one instanceof HTMLElement && !one.hidden);
    for (const one of rest) one.hidden = true;
    document.body.append(strip, room);
    document.body.classList.add("viewing");
    this.mount.dataset["ready"] = "viewing";
    const viewing = this.tools.viewing(room);
    const worker = this.tools.worker((message) => viewing.receive(message as FromReader), () => viewing.stop(FILES_WORDS.unreadable, "failed"));
    worker.postMessage({ type: "local", series: series.subject.series, files: series.files } satisfies ToReader);
    room.focus();
    back.addEventListener("click", () => {
      worker.terminate();
      viewing.close();
      for (const one of [strip, room]) one.remove();
      document.body.classList.remove("viewing");
      for (const one of rest) one.hidden = false;
      this.mount.dataset["ready"] = "found";
    });
  }
}

function part(mount: HTMLElement, selector: string): HTMLElement {
  const found = mount.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Bring the page to life. */
export function openFilesPage(mount: HTMLElement, tools: Tools): void {
  new FilesPage(mount, tools);
}
