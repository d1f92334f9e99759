/**
 * The worker behind the page of a person's own files: looks through them, and reads a series of them as `worker.ts`, which is
 * in it whole, reads a stream. A file of its own, so that a series of the box never waits for it.
 */
import { Unshowable } from "./dicom/facts";
import type { SeriesIndex } from "./dicomweb/stream";
import { scan } from "./local/scanning";
import { readLocalSeries, type LocalRecord } from "./local/series";
import type { LocalFile } from "./local/source";
import type { ToReader } from "./messages";
import { helpersFor, openRecord, post, problem, scope } from "./worker";

/** Show files of this computer: nothing of them leaves it. */
async function readLocal(series: string, files: readonly LocalFile[]): Promise<void> {
  let helpers: ReturnType<typeof helpersFor> | null = null;
  let bytes = 0;
  const onIndex = (index: SeriesIndex): void => {
    post({ type: "index", index });
    helpers = helpersFor(index);
  };
  const onRecord = async (record: LocalRecord): Promise<void> => {
    if (record.bytes === null) return post(problem(record.instance, null, new Unshowable("damaged", record.why)));
    bytes += record.bytes.length;
    if (helpers !== null) await openRecord({ instance: record.instance, bytes: record.bytes, flags: 0, sound: true }, helpers);
    post({ type: "progress", bytes });
  };
  await readLocalSeries(series, files, onIndex, onRecord);
  await (helpers as ReturnType<typeof helpersFor> | null)?.finished();
  post({ type: "done" });
}

async function look(chosen: Parameters<typeof scan>[0]): Promise<void> {
  const found = await scan(chosen, (done, all) => scope.postMessage({ type: "scanning", done, all }, []));
  scope.postMessage({ type: "scanned", found }, []);
}

scope.addEventListener("message", ({ data }) => {
  const asked = data as ToReader;
  if (typeof asked === "string" || !("type" in asked)) return; // a stream, or a helper's task: worker.ts has taken it
  void (asked.type === "scan" ? look(asked.chosen) : readLocal(asked.series, asked.files));
});
