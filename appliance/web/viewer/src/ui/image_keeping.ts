/**
 * What hands have done to single images, kept while their tab lives: measurements, brightness, and a place in the mount.
 *
 * Guards: nothing of it tells who the patient is. An image's name is a mark of its UID, so that a series that grows keeps
 * its own; the key holds a mark of the session, so that nobody else takes it up.
 */
import type { Window } from "../dicom/facts";
import type { FlatMark } from "../volume/flat";
import { markOf, PREFIX } from "./keeping";

const FORM = 1; // counts changes of what is kept; another form's is left alone

/** By frame, counted from 0. */
export interface KeptImage {
  readonly marks: Readonly<Record<string, readonly FlatMark[]>>;
  readonly windows: Readonly<Record<string, Window>>;
  readonly place: string | null;
}

export class ImageKeeping {
  private readonly start: string | null;

  /**
   * @param stream where the series comes from; nothing is kept of what comes from nowhere. Files of this computer are kept apart.
   * @param session what only this session's pages know.
   */
  constructor(stream: string, session: string) {
    const own = stream.startsWith("/") ? "" : `${stream}:`;
    this.start = stream === "" ? null : `${PREFIX}:${markOf(session)}:${own}image:`;
  }

  /** Keep an image's state, or forget it when there is none. */
  keep(sop: string, state: KeptImage): void {
    if (this.start === null) return;
    const key = this.start + markOf(sop);
    const isNothing = state.place === null && Object.keys(state.marks).length + Object.keys(state.windows).length === 0;
    try {
      if (isNothing) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify({ form: FORM, ...state }));
    } catch {
      // no storage, or none left: the image opens anew after unlocking
    }
  }

  find(sop: string): KeptImage | null {
    if (this.start === null) return null;
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.start + markOf(sop)) ?? "null") as (KeptImage & { form: number }) | null;
      return kept?.form === FORM ? kept : null;
    } catch {
      return null;
    }
  }
}
