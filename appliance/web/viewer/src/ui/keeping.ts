/**
 * What hands have done to a series, kept while its tab lives: a locked screen takes the pictures away at once, and after
 * unlocking crosshair, window and measurements are as before.
 *
 * Guards: nothing of it tells who the patient is. It holds places, brightness, choices and the names that somebody gave to
 * measurements; its key is the series' number on this box and a mark of the session, so that nobody else takes it up.
 */
import type { Window } from "../dicom/facts";
import type { Tool } from "../tools/actions";
import type { LinkedState } from "../volume/linked";
import type { View } from "../volume/view";

const FORM = 1; // counts changes of what is kept; another form's is left alone
export const PREFIX = "enamel-view";

export interface KeptPlanes {
  readonly linked: LinkedState;
  readonly layout: string;
  readonly look: string;
  readonly large: string;
  readonly active: string;
}

export interface Kept {
  readonly form: number;
  readonly tool: Tool;
  readonly window: Window | null;
  readonly inverted: boolean;
  readonly wanted: number;
  readonly view: View | null;
  readonly planes: KeptPlanes | null;
  /** How single pictures were laid out, and which one was beside. */
  readonly pictures?: { readonly layout: string; readonly beside: number } | null;
}

/** Guards one series' place among what the tab keeps. */
export class Keeping {
  private readonly key: string | null;

  /**
   * @param stream where the series comes from; files of this computer come from nowhere, and nothing of them is kept.
   * @param session what only this session's pages know; only a mark of it is kept.
   */
  constructor(stream: string, session: string) {
    this.key = stream === "" ? null : `${PREFIX}:${markOf(session)}:${stream}`;
  }

  keep(state: Omit<Kept, "form">): void {
    if (this.key === null) return;
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ form: FORM, ...state }));
    } catch {
      // no storage, or none left: the series opens anew after unlocking
    }
  }

  /** What was kept of this series; null when nothing was, or nothing that can be taken up. */
  find(): Kept | null {
    if (this.key === null) return null;
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "null") as Kept | null;
      return kept?.form === FORM ? kept : null;
    } catch {
      return null;
    }
  }
}

/** A short mark that tells sessions apart and gives nothing of them away. Source: FNV-1a, 32 bits. */
export function markOf(text: string): string {
  let mark = 0x811c9dc5;
  for (const sign of text) mark = Math.imul(mark ^ (sign.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return mark.toString(36);
}
