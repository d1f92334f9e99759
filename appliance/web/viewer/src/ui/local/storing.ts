/** The offer to store a study that was opened from files: what will be stored, how far it is, what came of it. */
import { Handing, type Ended, type WhyNot } from "../../local/handing";
import type { LocalStudy } from "../../local/scanning";
import type { StoreDoor } from "../../dicomweb/storing";
import { element } from "../elements";
import { day } from "../words/day";
import { contradiction, megabytes } from "./listing";
import { fileWords, FILES_WORDS, STORING_WORDS } from "../words/files";

const MOST_NAMED = 5;

/** Where this page may store, or null for a person who may not. */
export function doorOf(mount: HTMLElement): StoreDoor | null {
  const { store } = mount.dataset;
  return store === undefined ? null : { url: store, token: document.body.dataset["formToken"] ?? "" };
}

/** The dialog of one study; it can be closed and opened again, and knows what is stored. */
class StoreDialog {
  private readonly dialog = element("dialog", { class: "store", "aria-labelledby": "store-title" });
  private readonly handing: Handing;
  private stopping: AbortController | null = null;

  constructor(
    private readonly study: LocalStudy,
    door: StoreDoor,
    private readonly onStored: () => void,
  ) {
    this.handing = new Handing(study, door);
    this.dialog.addEventListener("cancel", (event) => {
      if (this.stopping === null) return;
      event.preventDefault(); // Escape stops the transfer first, and says what is stored
      this.stopping.abort();
    });
    this.dialog.addEventListener("close", () => this.dialog.remove());
    this.ask();
  }

  open(): void {
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  private ask(): void {
    const { subject, series } = this.study;
    const facts = element("dl", { class: "what" });
    const fact = (name: string, value: string): void => {
      if (value !== "") facts.append(element("dt", {}, name), element("dd", {}, element("bdi", {}, value)));
    };
    fact(STORING_WORDS.patient, subject.patientName || FILES_WORDS.noName);
    fact(STORING_WORDS.patientId, subject.patientId);
    fact(STORING_WORDS.birthDate, subject.birthDate === "" ? "" : day(subject.birthDate));
    fact(STORING_WORDS.study, [subject.studyDescription, day(subject.studyDate)].filter((one) => one !== "").join(" · "));
    fact(STORING_WORDS.images, STORING_WORDS.amount(this.handing.all, series.length, megabytes(this.handing.bytes)));
    const store = action(STORING_WORDS.storeImages(this.handing.all), () => void this.send(), "primary");
    const content = [facts, ...this.doubts(store), element("p", { class: "soft" }, STORING_WORDS.check)];
    this.show(STORING_WORDS.title, content, [store, this.closing(STORING_WORDS.notNow)]);
  }

  /** Where a disc's table of contents names somebody else, nothing is stored until a person says to have looked. */
  private doubts(store: HTMLButtonElement): HTMLElement[] {
    const { otherwise } = this.study;
    if (otherwise.length === 0) return [];
    const looked = element("input", { type: "checkbox" });
    store.disabled = true;
    looked.addEventListener("change", () => (store.disabled = !looked.checked));
    return [contradiction(otherwise), element("label", { class: "looked" }, looked, " ", STORING_WORDS.looked)];
  }

  private async send(): Promise<void> {
    const { handing } = this;
    const bar = element("progress", { "aria-label": STORING_WORDS.storing });
    const told = element("p", { class: "soft small" });
    const tell = (files: number, bytes: number): void => {
      [bar.max, bar.value] = [handing.bytes, bytes];
      told.textContent = STORING_WORDS.progress(files, handing.all, megabytes(bytes), megabytes(handing.bytes));
    };
    tell(handing.stored, handing.storedBytes);
    const stopping = (this.stopping = new AbortController());
    this.show(STORING_WORDS.storing, [bar, told], [action(STORING_WORDS.stop, () => stopping.abort())]);
    const ended = await handing.run(tell, stopping.signal);
    this.stopping = null;
    if (handing.stored === handing.all) this.onStored();
    this.tellEnd(ended);
  }

  private tellEnd(ended: Ended): void {
    const { all, stored, failures } = this.handing;
    const lines = [...stateLines(ended), ...failures.slice(0, MOST_NAMED).map(({ path, why }) => `${path}: ${reason(why)}`)];
    if (failures.length > MOST_NAMED) lines.push(FILES_WORDS.andMore(failures.length - MOST_NAMED));
    const notice = element("div", { class: "notice warn" }, element("div", {}, ...lines.map((line) => element("div", {}, line))));
    const link = element("a", { class: "button primary", href: `/studies/uid/${encodeURIComponent(this.study.subject.study)}` }, STORING_WORDS.show);
    const again = action(ended === "tried" ? STORING_WORDS.again : STORING_WORDS.goOn, () => void this.send(), stored === 0 ? "primary" : "");
    const more = stored < all ? [again] : [];
    this.show(
      stored === all ? STORING_WORDS.allStored(all) : STORING_WORDS.someStored(stored, all),
      [...(lines.length > 0 ? [notice] : []), element("p", { class: "soft" }, stored > 0 ? STORING_WORDS.after : STORING_WORDS.nothingChanged)],
      [...(stored > 0 ? [link] : []), ...more, this.closing(STORING_WORDS.close)],
    );
  }

  private closing(words: string): HTMLButtonElement {
    return action(words, () => this.dialog.close());
  }

  /** Show one step; its heading is read aloud, for the focus goes there. */
  private show(title: string, content: readonly HTMLElement[], actions: readonly HTMLElement[]): void {
    const heading = element("h2", { id: "store-title", tabindex: "-1", autofocus: "" }, title);
    this.dialog.replaceChildren(heading, ...content, element("div", { class: "answers" }, ...actions));
    if (this.dialog.open) heading.focus();
  }
}

/** The buttons that offer to store a study, wherever they stand; they say it when it is stored. */
export class StoreOffers {
  private readonly dialogs = new WeakMap<LocalStudy, StoreDialog>();
  private readonly buttons = new WeakMap<LocalStudy, HTMLButtonElement[]>();
  private readonly stored = new WeakSet<LocalStudy>();

  constructor(private readonly door: StoreDoor) {}

  /** Make a button; what a person then presses in the dialog alone sends anything. */
  button(study: LocalStudy): HTMLButtonElement {
    const made = action("", () => this.dialogOf(study).open(), "store");
    this.buttons.set(study, [...(this.buttons.get(study) ?? []).filter(({ isConnected }) => isConnected), made]);
    this.name(study);
    return made;
  }

  private name(study: LocalStudy): void {
    const words = this.stored.has(study) ? STORING_WORDS.isStored : STORING_WORDS.offer;
    const { patientName, studyDescription } = study.subject;
    for (const button of this.buttons.get(study) ?? []) {
      button.textContent = words;
      button.setAttribute("aria-label", `${words}: ${[patientName || FILES_WORDS.noName, studyDescription].filter((one) => one !== "").join(" · ")}`);
    }
  }

  private dialogOf(study: LocalStudy): StoreDialog {
    const stored = (): void => {
      this.stored.add(study);
      this.name(study);
    };
    const dialog = this.dialogs.get(study) ?? new StoreDialog(study, this.door, stored);
    this.dialogs.set(study, dialog);
    return dialog;
  }
}

function action(words: string, onClick: () => void, kind = ""): HTMLButtonElement {
  const made = element("button", { type: "button", class: `button ${kind}`.trim() }, words);
  made.addEventListener("click", onClick);
  return made;
}

function stateLines(ended: Ended): string[] {
  if (ended === "tried") return [];
  return [ended === "stopped" ? STORING_WORDS.stopped : (STORING_WORDS.statuses[ended.status] ?? STORING_WORDS.refused)];
}

function reason(why: WhyNot): string {
  return typeof why === "number" ? (STORING_WORDS.reasons[why] ?? STORING_WORDS.failed) : fileWords(why);
}
