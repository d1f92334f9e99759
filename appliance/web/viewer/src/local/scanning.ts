/**
 * Looks through the files that a person chose and says which studies and series they hold. Where a disc has a DICOMDIR its
 * word is taken for the files it names; all others are asked themselves. No pixels are read here.
 */
import { readDirectory } from "./directory";
import { readHeader, type Subject } from "./header";
import { inParallel } from "./parallel";
import { faultOf, plainFile, readWhole, Unreadable, type FileFault, type LocalFile } from "./source";
import { listZip, looksLikeZip, ZipRefused, type ZipFault } from "./zip";

export interface LocalSeries {
  readonly subject: Subject;
  readonly files: readonly LocalFile[];
  /** SOP Instance UIDs, file by file; empty where a directory names none. */
  readonly sops: readonly string[];
}

export interface LocalStudy {
  readonly subject: Subject;
  readonly series: readonly LocalSeries[];
}

export interface Found {
  readonly studies: readonly LocalStudy[];
  /** Files that are no DICOM: a disc's own viewer, texts, pictures. */
  readonly others: number;
  /** Files that are, and cannot be read: where they lie, and why. */
  readonly broken: readonly { readonly path: string; readonly why: FileFault }[];
  readonly refused: readonly { readonly path: string; readonly code: ZipFault }[];
  /** Files that a DICOMDIR names and that are not there. */
  readonly missing: number;
  /** Files that came twice. */
  readonly copies: number;
}

export interface Chosen {
  readonly path: string;
  readonly file: Blob;
}

const DIRECTORY = "DICOMDIR";
const MOST_DIRECTORY_BYTES = 2 ** 28;

/** Guards what was found until all has been looked at. */
class Finding {
  readonly files: LocalFile[] = [];
  readonly pieces: { readonly subject: Subject; readonly file: LocalFile }[] = [];
  readonly broken: { readonly path: string; readonly why: FileFault }[] = [];
  readonly refused: { readonly path: string; readonly code: ZipFault }[] = [];
  others = 0;
  missing = 0;

  tell(file: { readonly path: string }, error: unknown): void {
    if (error instanceof ZipRefused) this.refused.push({ path: file.path, code: error.code });
    else this.broken.push({ path: file.path, why: faultOf(error) });
  }
}

/** Look through files.
 *
 * @param onProgress told how many of how many were looked at.
 */
export async function scan(chosen: readonly Chosen[], onProgress: (done: number, all: number) => void): Promise<Found> {
  const finding = new Finding();
  for (const one of chosen) await unpack(one, finding);
  const listed = await readDirectories(finding);
  const rest = finding.files.filter((file) => !listed.has(file));
  let done = listed.size;
  await inParallel(rest, async (file) => {
    await ask(file, finding);
    onProgress(++done, finding.files.length);
  });
  const { pieces, copies } = withoutCopies(finding);
  return { studies: grouped(pieces), copies, others: finding.others, broken: finding.broken, refused: finding.refused, missing: finding.missing };
}

async function unpack({ path, file }: Chosen, finding: Finding): Promise<void> {
  try {
    if (await looksLikeZip(file)) finding.files.push(...(await listZip(file, path)));
    else finding.files.push(plainFile(path, file));
  } catch (error) {
    finding.tell({ path }, error);
  }
}

/** Take the word of every DICOMDIR for the files it names; gives all files that need not be asked any more. */
async function readDirectories(finding: Finding): Promise<Set<LocalFile>> {
  const byPath = new Map(finding.files.map((file) => [plain(file.path), file]));
  const done = new Set<LocalFile>();
  for (const directory of finding.files.filter((file) => plain(file.path).endsWith(DIRECTORY) && nameOf(file) === DIRECTORY)) {
    done.add(directory);
    try {
      if (directory.bytes > MOST_DIRECTORY_BYTES) throw new Unreadable("directory");
      const folder = plain(directory.path).slice(0, -DIRECTORY.length);
      for (const { path, subject } of readDirectory(await readWhole(directory))) {
        const file = byPath.get(folder + plain(path));
        if (file === undefined) finding.missing++;
        else if (!done.has(file) && subject.series !== "") {
          done.add(file);
          finding.pieces.push({ subject, file });
        }
      }
    } catch (error) {
      finding.tell(directory, error);
    }
  }
  return done;
}

function nameOf(file: LocalFile): string {
  return plain(file.path).split("/").at(-1) ?? "";
}

/** Discs are copied in either case, with or without a version (";1") and a last dot. */
function plain(path: string): string {
  return path.toUpperCase().replace(/;\d+$/, "").replace(/\.$/, "");
}

async function ask(file: LocalFile, finding: Finding): Promise<void> {
  try {
    const subject = await readHeader(file);
    if (subject === null) finding.others++;
    else finding.pieces.push({ subject, file });
  } catch (error) {
    finding.tell(file, error);
  }
}

type Piece = Finding["pieces"][number];

/** Leave out what came twice: the same object, equally long. Objects of one name that differ are all kept. */
function withoutCopies({ pieces }: Finding): { pieces: Piece[]; copies: number } {
  const once = new Map<string, Piece>();
  for (const piece of pieces) {
    const { study, series, sop, patientId } = piece.subject;
    const key = JSON.stringify([patientId, study, series, sop === "" ? piece.file.path : sop, piece.file.bytes]);
    if (!once.has(key)) once.set(key, piece);
  }
  return { pieces: [...once.values()], copies: pieces.length - once.size };
}

/** Studies newest first, their series by number. One study sent for two patients is shown as two. */
function grouped(pieces: readonly Piece[]): LocalStudy[] {
  const studies = by(pieces, ({ subject }) => JSON.stringify([subject.patientId, subject.patientName, subject.study])).map((members) => ({
    subject: first(members).subject,
    series: by(members, ({ subject }) => subject.series)
      .map((own) => ({ subject: first(own).subject, files: own.map(({ file }) => file), sops: own.map(({ subject }) => subject.sop) }))
      .sort((one, other) => (one.subject.seriesNumber ?? Infinity) - (other.subject.seriesNumber ?? Infinity) || 0),
  }));
  return studies.sort((one, other) => other.subject.studyDate.localeCompare(one.subject.studyDate));
}

function by<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const members = groups.get(keyOf(item));
    if (members === undefined) groups.set(keyOf(item), [item]);
    else members.push(item);
  }
  return [...groups.values()];
}

function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) throw new RangeError("a group has at least one member");
  return item;
}
