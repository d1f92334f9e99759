/** What no first picture waits for is fetched right behind it, so that it is there when the box is locked or out of reach. */
import type { Known } from "./sheets/information";
import { WORDS } from "./words";

type Sheets = typeof import("./sheets/sheets");

/** Guards that the sheets are fetched once, and asked for again after a failure. */
export class Later {
  private coming: Promise<Sheets> | null = null;

  /** @param tell says what went wrong. */
  constructor(
    private readonly mount: HTMLElement,
    private readonly tell: (words: string) => void,
  ) {}

  /** Have them ready; a failure is told when they are wanted. */
  prepare(): void {
    this.sheets().catch(() => undefined);
  }

  information(known: Known): void {
    this.show((sheets) => sheets.showInformation(this.mount, known));
  }

  keys(): void {
    this.show((sheets) => sheets.showKeys(this.mount, WORDS.help));
  }

  private show(deed: (sheets: Sheets) => void): void {
    this.sheets().then(deed, () => this.tell(WORDS.notFetched));
  }

  private sheets(): Promise<Sheets> {
    this.coming ??= import("./sheets/sheets").catch((error: unknown) => {
      this.coming = null;
      throw error;
    });
    return this.coming;
  }
}
