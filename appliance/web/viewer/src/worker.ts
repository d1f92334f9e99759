/**
 * The worker behind the page: reads the series stream, opens each object and decodes its frames. Costly codings are shared
 * out to decoders, which run this same file under another name.
 */
import { DECODER } from "./decoders";
import { makeCodecs } from "./dicom/codecs/codecs";
import { Fetching, StreamRefused, StreamRestarted } from "./dicomweb/fetching";
import { inflateRaw } from "./dicomweb/inflating";
import { Restarts } from "./dicomweb/restarts";
import { readSeries } from "./dicomweb/stream";
import type { Again, DecodeTask, FromReader, FromScanner, ToReader } from "./messages";
import { decode, Reading, SeriesChanged } from "./reading";

interface Scope {
  readonly name: string;
  postMessage(message: FromReader | FromScanner, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
}

export const scope = globalThis as unknown as Scope;
export const codecs = makeCodecs((file) => new URL(file, import.meta.url).href, inflateRaw);

export function post(message: FromReader, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

let kept: Reading | null = null;

async function readAll(url: string): Promise<void> {
  const reading = new Reading(codecs, post);
  kept = reading;
  const fetching = new Fetching(url, {
    onBytes: (bytes, all) => post({ type: "progress", bytes, all }),
    onCut: (seconds) => post({ type: "cut", seconds }),
  });
  try {
    const restarts = new Restarts();
    while (!(await readWhole(fetching, reading))) restarts.note(reading.count);
    await reading.finished();
    post({ type: "done" });
  } catch (error) {
    post(failure(error));
  } finally {
    fetching.stop();
  }
}

/** Read to the end; false when the stream begins anew. */
async function readWhole(fetching: Fetching, reading: Reading): Promise<boolean> {
  try {
    await readSeries(fetching.more, (index) => reading.begin(index), (record) => reading.take(record));
    return true;
  } catch (error) {
    if (error instanceof StreamRestarted) return false;
    throw error;
  }
}

function failure(error: unknown): FromReader {
  if (error instanceof StreamRefused) return { type: "refused", status: error.status };
  return { type: error instanceof SeriesChanged ? "changed" : "broken" };
}

function isAgain(data: unknown): data is Again {
  const { type } = data as ToReader & { type?: string };
  return type === "again" || type === "back" || type === "forget";
}

function answer(asked: Again): void {
  if (asked.type === "again") void kept?.again(asked.instance);
  else if (asked.type === "back") kept?.takeBack(asked.memory);
  else kept?.forget();
}

scope.addEventListener("message", ({ data }) => {
  if (scope.name === DECODER) void decode(codecs, data as DecodeTask, post);
  else if (typeof data === "string") void readAll(data);
  else if (isAgain(data)) answer(data);
});
