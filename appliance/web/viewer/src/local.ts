/**
 * The worker behind the page of a person's own files: looks through them, and reads a series of them as `worker.ts`, which is
 * in it whole, reads a stream. A file of its own, so that a series of the box never waits for it.
 */
import { Unshowable } from "./dicom/facts";
import { PLAIN } from "./dicomweb/stream";
import { scan } from "./local/scanning";
import { readLocalSeries, type LocalRecord } from "./local/series";
import type { LocalFile } from "./local/source";
import type { ToReader } from "./messages";
import { Reading } from "./reading";
import { codecs, post, scope } from "./worker";

/** Show files of this computer: nothing of them leaves it. */
async function readLocal(series: string, files: readonly LocalFile[]): Promise<void> {
  const reading = new Reading(codecs, post);
  let bytes = 0;
  const onRecord = async (record: LocalRecord): Promise<void> => {
    if (record.bytes === null) return reading.miss(record.instance, new Unshowable("damaged", record.why));
    bytes += record.bytes.length;
    await reading.take({ instance: record.instance, bytes: record.bytes, coding: PLAIN, fault: null });
    post({ type: "progress", bytes, all: null });
  };
  await readLocalSeries(series, files, (index) => reading.begin(index), onRecord);
  await reading.finished();
  post({ type: "done" });
}

async function look(chosen: Parameters<typeof scan>[0]): Promise<void> {
  const found = await scan(chosen, (done, all) => scope.postMessage({ type: "scanning", done, all }, []));
  scope.postMessage({ type: "scanned", found }, []);
}

scope.addEventListener("message", ({ data }) => {
  const asked = data as ToReader;
  if (typeof asked === "string" || !("type" in asked)) return; // a stream, or a decoder's task: worker.ts has taken it
  if (asked.type === "scan") void look(asked.chosen);
  if (asked.type === "local") void readLocal(asked.series, asked.files);
});
