/** The HTTP side of storing: one STOW-RS request that hands some files to the box (PS3.18 10.5). Nothing is sent by anything else. */

/** Where to send, and the session's form token, without which the box takes nothing from a browser. */
export interface StoreDoor {
  readonly url: string;
  readonly token: string;
}

/** What became of the files of one request, by SOP Instance UID; failures by their reason (PS3.4 table B.2-1). */
export interface Stored {
  readonly stored: ReadonlySet<string>;
  readonly failed: ReadonlyMap<string, number>;
  /** The reason of those whose UID the box could not read. */
  readonly unnamed: number;
}

/** The box took nothing; 0 when it was not reached. */
export class StoreRefused extends Error {
  constructor(readonly status: number) {
    super(`status ${String(status)}`);
  }
}

type Item = Readonly<Record<string, { readonly Value?: readonly unknown[] }>>;

const SOP_INSTANCE = "00081155";
const FAILURE_REASON = "00081197";
const FAILED = "00081198";
const STORED = "00081199";
const OTHER_FAILURES = "0008119A";
const UNKNOWN_REASON = 0x0110;

/** Send whole files in one request, streamed from where they lie.
 *
 * @param onBytes told how many bytes of the request have left.
 * @throws StoreRefused when none was taken; AbortError when `signal` stopped it: those that were whole by then are stored.
 */
export function storeFiles(door: StoreDoor, files: readonly Blob[], onBytes: (bytes: number) => void, signal: AbortSignal): Promise<Stored> {
  const boundary = `enamel-${crypto.randomUUID()}`;
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
  const body = new Blob([...files.flatMap((file) => [head, file, "\r\n"]), `--${boundary}--\r\n`]);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what has left
    request.open("POST", door.url);
    request.setRequestHeader("Content-Type", `multipart/related; type="application/dicom"; boundary=${boundary}`);
    request.setRequestHeader("Accept", "application/dicom+json");
    request.setRequestHeader("X-Form-Token", door.token);
    request.setRequestHeader("X-Enamel-Background", "1"); // a long transfer does not keep the screen of somebody who left unlocked
    request.upload.addEventListener("progress", ({ loaded }) => onBytes(loaded));
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("error", () => reject(new StoreRefused(0)));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

function settle(request: XMLHttpRequest, resolve: (stored: Stored) => void, reject: (fault: Error) => void): void {
  const told = request.getResponseHeader("Content-Type")?.startsWith("application/dicom+json") ? readAnswer(request.responseText) : null;
  if (told === null) reject(new StoreRefused(request.status));
  else resolve(told);
}

/** Read the box's answer; null when it is none. */
export function readAnswer(text: string): Stored | null {
  try {
    const answer = JSON.parse(text) as Item;
    const items = (tag: string): readonly Item[] => (answer[tag]?.Value ?? []) as readonly Item[];
    const uid = (item: Item): string => (item[SOP_INSTANCE]?.Value?.[0] ?? "") as string;
    const reason = (item: Item | undefined): number => Number(item?.[FAILURE_REASON]?.Value?.[0] ?? UNKNOWN_REASON);
    return {
      stored: new Set(items(STORED).map(uid)),
      failed: new Map(items(FAILED).map((item) => [uid(item), reason(item)])),
      unnamed: reason(items(OTHER_FAILURES)[0]),
    };
  } catch {
    return null;
  }
}
