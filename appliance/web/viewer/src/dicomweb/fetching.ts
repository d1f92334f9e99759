/**
 * The HTTP side of a series stream: its body in pieces, taken up where it stopped when the connection was cut.
 *
 * A pack has an ETag and is asked for from the byte that is missing. A stream without one begins anew; whoever reads it
 * leaves out what it has.
 */

/** The box answered with something else than the stream. */
export class StreamRefused extends Error {
  constructor(readonly status: number) {
    super(`status ${String(status)}`);
  }
}

/** What comes next begins at the stream's first byte again. */
export class StreamRestarted extends Error {}

/** What whoever waits may be told. */
export interface Course {
  /** Bytes that have come of all that will; null where that is not said. */
  onBytes(bytes: number, all: number | null): void;
  /** The connection was cut and is taken up in so many seconds. */
  onCut(seconds: number): void;
}

/** What the world gives; tests give less patience. */
export interface Patience {
  /** A connection that brings nothing for so long counts as cut. */
  readonly silenceMs: number;
  /** The first wait; each later one is twice as long, up to `mostMs`. */
  readonly firstMs: number;
  readonly mostMs: number;
}

const PATIENCE: Patience = { silenceMs: 20_000, firstMs: 500, mostMs: 30_000 };
const FOR_GOOD = new Set([0, 401, 403, 404, 410, 423]);
const NOT_THIS_RANGE = 416;
const PARTIAL = 206;

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;
type Read = () => Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>;
const PIECE_BYTES = 1 << 20;

/** Read into the same memory again and again where the browser can: new memory for each piece is slow. */
function readingOf(body: Body): Read {
  let own: ReadableStreamBYOBReader;
  try {
    own = body.getReader({ mode: "byob" });
  } catch {
    const reader = body.getReader();
    return () => reader.read();
  }
  let memory = new ArrayBuffer(PIECE_BYTES);
  return async () => {
    const found = await own.read(new Uint8Array(memory));
    if (found.value !== undefined) memory = found.value.buffer;
    return found;
  };
}

/** Guards one series stream over any number of connections. */
export class Fetching {
  private read: Read | null = null;
  private ending = new AbortController();
  private bytes = 0;
  private all: number | null = null;
  private tag: string | null = null;
  private failures = 0;
  private hasBegun = false;

  constructor(
    private readonly url: string,
    private readonly course: Course,
    private readonly patience: Patience = PATIENCE,
  ) {}

  /** Give the next piece, null at the end. It is there until the next one is asked for.
   *
   * @throws StreamRefused when the box will not hand it out; StreamRestarted when the next piece is the first one again.
   */
  readonly more = async (): Promise<Uint8Array | null> => {
    for (;;) {
      if (this.read === null) await this.connect();
      const piece = await this.piece();
      if (piece !== undefined) return piece;
      this.failures++;
      this.read = null;
      this.ending.abort();
    }
  };

  /** No more is wanted. */
  stop(): void {
    this.ending.abort();
  }

  /** The next piece, null at the end, undefined where the connection was cut. */
  private async piece(): Promise<Uint8Array | null | undefined> {
    const found = await this.unlessSilent(this.read?.());
    if (found === undefined) return undefined;
    if (found.done) return this.all === null || this.bytes >= this.all ? null : undefined;
    this.failures = 0;
    this.bytes += found.value.length;
    this.course.onBytes(this.bytes, this.all);
    return found.value;
  }

  private async connect(): Promise<void> {
    for (;;) {
      if (this.failures > 0) await this.wait();
      this.ending.abort(); // one that fell silent is not left open beside the next
      this.ending = new AbortController();
      const response = await this.unlessSilent(this.ask());
      if (response !== undefined && this.take(response)) return;
      this.failures++;
    }
  }

  private async ask(): Promise<Response> {
    const { signal } = this.ending;
    const headers = this.bytes > 0 && this.tag !== null ? { Range: `bytes=${String(this.bytes)}-`, "If-Range": this.tag } : undefined;
    return fetch(this.url, { credentials: "same-origin", redirect: "manual", cache: "no-store", signal, ...(headers && { headers }) });
  }

  /** Go on with an answer; false when it is none to go on with now. */
  private take(response: Response): boolean {
    const { status } = response;
    const body = response.body as Body | null; // never shared memory
    if (status === PARTIAL && body !== null && response.headers.get("Content-Range")?.startsWith(`bytes ${String(this.bytes)}-`)) {
      this.read = readingOf(body);
      return true;
    }
    if (status === 200 && body !== null) return this.begin(response, body);
    if (status === NOT_THIS_RANGE) this.tag = null;
    else if (!this.hasBegun || FOR_GOOD.has(status)) throw new StreamRefused(status || 401);
    void body?.cancel().catch(() => undefined);
    return false;
  }

  private begin(response: Response, body: Body): boolean {
    const isAnew = this.bytes > 0;
    const [tag, length] = [response.headers.get("ETag"), response.headers.get("Content-Length")];
    this.tag = tag?.startsWith('"') ? tag : null; // only a strong one promises the same bytes
    this.all = length === null || response.headers.has("Content-Encoding") ? null : Number(length);
    this.bytes = 0;
    this.hasBegun = true;
    this.read = readingOf(body);
    if (isAnew) throw new StreamRestarted();
    return true;
  }

  /** Wait before the next try; a browser that finds its network again ends the wait. */
  private async wait(): Promise<void> {
    const { firstMs, mostMs } = this.patience;
    const ms = Math.min(mostMs, firstMs * 2 ** (this.failures - 1));
    this.course.onCut(ms / 1000);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const online = (): void => {
        clearTimeout(timer);
        resolve();
      };
      globalThis.addEventListener("online", online, { once: true });
    });
  }

  /** What a step gives; undefined when it fails, or when nothing comes for long. */
  private async unlessSilent<T>(step: Promise<T> | undefined): Promise<T | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), this.patience.silenceMs)));
    try {
      return await Promise.race([step, silence]);
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}
