/**
 * A worker that makes one series' small picture: it reads the stream as far as its first record, which is the middle image or
 * the preview, and decodes that here, so that the box decodes nothing. Whoever started it ends it when it has answered.
 */
import { makeCodecs } from "./dicom/codecs/codecs";
import { decodeFrame } from "./dicom/decode";
import { Unshowable } from "./dicom/facts";
import { openHead, openInstance } from "./dicom/instance";
import { Fetching } from "./dicomweb/fetching";
import { inflateRaw } from "./dicomweb/inflating";
import { Unpacker } from "./dicomweb/packed";
import { PACKED, PREVIEW, readSeries, type SeriesIndex, type SeriesRecord } from "./dicomweb/stream";
import { middleOf } from "./volume/preview";
import { thumbnailOf, type Thumbnail } from "./volume/thumbnail";

interface Scope {
  postMessage(message: Thumbnail | null, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<{ stream: string; most: number }>) => void): void;
}

const scope = globalThis as unknown as Scope;

/** No more of the stream is wanted. */
class Enough extends Error {}

const PURPOSE = "?for=small-picture"; // nobody opens the series by it
const MOST_BYTES = 32e6; // of the middle image; a larger one is not fetched for a small picture

async function pictured(index: SeriesIndex, { instance, coding, fault, bytes }: SeriesRecord, most: number): Promise<Thumbnail> {
  if (fault !== null || index.instances[instance]?.isOverfull === true) throw new Unshowable("damaged");
  if (coding === PREVIEW) return ofPreview(index, bytes, most);
  const opened = await openInstance(coding === PACKED ? new Unpacker().file(bytes, index.instances[instance]?.bytes ?? 0) : bytes, inflateRaw);
  const number = opened.facts.frames >> 1;
  const codecs = makeCodecs((file) => new URL(file, import.meta.url).href, inflateRaw);
  const pixels = await decodeFrame(codecs, opened.facts, { ...opened.frame(number), isOwn: true });
  const facts = opened.facts.perFrame[number] ?? opened.facts.perFrame[0];
  if (facts === undefined) throw new Unshowable("no-picture");
  return thumbnailOf(pixels, opened.facts, facts, most);
}

/** The preview's middle slice stands for the middle image. */
function ofPreview({ preview }: SeriesIndex, bytes: Uint8Array, most: number): Thumbnail {
  if (preview === undefined) throw new Unshowable("no-picture");
  const { head, values } = new Unpacker().preview(bytes, preview.columns * preview.rows * preview.slices);
  const { pixels, facts, frame } = middleOf({ ...preview, values }, openHead(head).facts);
  return thumbnailOf(pixels, facts, frame, most);
}

/** The first record's size is known by then: a large one is not fetched. */
function checkSize(index: SeriesIndex): void {
  if (index.preview === undefined && (index.instances[index.order[0] ?? 0]?.bytes ?? Infinity) > MOST_BYTES) throw new Unshowable("size");
}

async function made({ stream, most }: { stream: string; most: number }): Promise<Thumbnail | null> {
  let index: SeriesIndex | null = null;
  let first: Thumbnail | null = null;
  const onIndex = (one: SeriesIndex): void => {
    checkSize(one);
    index = one;
  };
  const onCut = (): void => {
    throw new Enough(); // a small picture is not worth a second connection
  };
  const fetching = new Fetching(`${stream}${PURPOSE}`, { onBytes: () => undefined, onCut });
  await readSeries(fetching.more, onIndex, async (record) => {
    if (index !== null) first = await pictured(index, record, most);
    throw new Enough();
  }).catch(() => undefined);
  fetching.stop();
  return first;
}

scope.addEventListener("message", ({ data }) => {
  void made(data).then((thumbnail) => scope.postMessage(thumbnail, thumbnail === null ? [] : [thumbnail.rgba.buffer]));
});
