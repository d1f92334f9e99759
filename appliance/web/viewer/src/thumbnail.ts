/**
 * A worker that makes one series' small picture: it reads the stream as far as its first record, which is the middle image,
 * and decodes that here, so that the box decodes nothing. Whoever started it ends it when it has answered.
 */
import { makeCodecs } from "./dicom/codecs/codecs";
import { decodeFrame } from "./dicom/decode";
import { Unshowable } from "./dicom/facts";
import { openInstance } from "./dicom/instance";
import { inflateRaw, openStream } from "./dicomweb/fetching";
import { readSeries, type SeriesIndex, type SeriesRecord } from "./dicomweb/stream";
import { thumbnailOf, type Thumbnail } from "./volume/thumbnail";

interface Scope {
  postMessage(message: Thumbnail | null, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<{ stream: string; most: number }>) => void): void;
}

const scope = globalThis as unknown as Scope;
const MOST_BYTES = 32e6; // of the middle image; a larger one is not fetched for a small picture

async function pictured(record: SeriesRecord, most: number): Promise<Thumbnail> {
  if (record.flags !== 0 || !record.sound) throw new Unshowable("damaged");
  const opened = await openInstance(record.bytes, inflateRaw);
  const number = opened.facts.frames >> 1;
  const { bytes, skipBits } = opened.frame(number);
  const codecs = makeCodecs((file) => new URL(file, import.meta.url).href, inflateRaw);
  const pixels = await decodeFrame(codecs, opened.facts, bytes, skipBits);
  const frame = opened.facts.perFrame[number] ?? opened.facts.perFrame[0];
  if (frame === undefined) throw new Unshowable("no-picture");
  return thumbnailOf(pixels, opened.facts, frame, most);
}

function checkSize(index: SeriesIndex): void {
  if ((index.instances[index.order[0] ?? 0]?.bytes ?? Infinity) > MOST_BYTES) throw new Unshowable("size");
}

scope.addEventListener("message", ({ data }) => {
  const answer = (made: Thumbnail | null): void => scope.postMessage(made, made === null ? [] : [made.rgba.buffer]);
  openStream(data.stream, () => undefined)
    .then((more) => readSeries(more, checkSize, async (record) => answer(await pictured(record, data.most))))
    .catch(() => answer(null));
});
